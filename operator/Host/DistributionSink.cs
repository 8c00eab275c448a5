using System.Globalization;
using System.Text.Json;
using WafOperator.Controllers.Policies;
using WafOperator.Distribution.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;

namespace WafOperator.Operator.Host;

/// <summary>Hands compiled documents to the distribution.</summary>
internal sealed class DistributionSink(PolicyStore store) : IPolicySink
{
    public bool Publish(NamespacedName key, PolicyDocument document) => store.Publish(
        new PolicyKey(key.Namespace, key.Name),
        new PublishedPolicy(document.Revision, JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument)));

    /// <summary>Says how many sidecars a policy has; null takes it back.</summary>
    public void Publish(NamespacedName key, ReplicaDocument? document)
    {
        var policy = new PolicyKey(key.Namespace, key.Name);
        if (document is null)
        {
            store.Remove(policy);
            return;
        }

        var revision = document.Replicas.ToString(CultureInfo.InvariantCulture);
        store.Publish(policy, new PublishedPolicy(
            revision, JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.ReplicaDocument)));
    }

    public void Remove(NamespacedName key) => store.Remove(new PolicyKey(key.Namespace, key.Name));
}
