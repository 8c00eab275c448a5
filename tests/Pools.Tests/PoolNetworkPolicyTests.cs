using WafOperator.Pools;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

/// <summary>Who reaches a pool's servers.</summary>
public sealed class PoolNetworkPolicyTests
{
    [Fact]
    public void ThePool_IsReachedBySidecarsOfItsNamespaceAndByTheOperator()
    {
        var pool = new Resource<InferencePool>(
            new ObjectMeta { Namespace = "shop", Name = "large", Uid = "1" }, new InferencePool());

        var policy = PoolObjects.NetworkPolicy(pool, ["waf-system", "monitoring"]);

        var spec = policy["spec"]!;
        Assert.Equal("large", (string?)spec["podSelector"]!["matchLabels"]![PoolNames.PoolLabel]);
        Assert.Equal("Ingress", (string?)spec["policyTypes"]![0]);
        var from = spec["ingress"]![0]!["from"]!.AsArray();
        Assert.Equal("""{"podSelector":{"matchLabels":{"wafoperator.dev/sidecar":"true"}}}""", from[0]!.ToJsonString());
        Assert.Equal(
            ["waf-system", "monitoring"],
            from.Skip(1).Select(f => (string?)f!["namespaceSelector"]!["matchLabels"]!["kubernetes.io/metadata.name"]));
        Assert.Equal("large", (string?)policy["metadata"]!["name"]);
    }
}
