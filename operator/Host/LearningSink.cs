using System.Security.Cryptography;
using System.Text;
using WafOperator.Controllers.Learning;
using WafOperator.Distribution.Policies;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Operator.Host;

/// <summary>Hands merged observations to the distribution.</summary>
internal sealed class LearningSink(PolicyStore store) : ILearningSink
{
    public void Publish(NamespacedName policy, string learned)
    {
        var bytes = Encoding.ASCII.GetBytes(learned);
        var revision = Convert.ToHexStringLower(SHA256.HashData(bytes));
        store.Publish(new PolicyKey(policy.Namespace, policy.Name), new PublishedPolicy(revision, bytes));
    }

    public void Remove(NamespacedName policy) => store.Remove(new PolicyKey(policy.Namespace, policy.Name));
}
