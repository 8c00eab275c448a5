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
        store.Publish(
            new PolicyKey(policy.Namespace, policy.Name), new PublishedPolicy(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes));
    }

    public void Remove(NamespacedName policy) => store.Remove(new PolicyKey(policy.Namespace, policy.Name));
}
