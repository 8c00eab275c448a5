using System.Text.Json.Nodes;
using WafOperator.Controllers.Bypass;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Bypass;

public sealed class BypassPoliciesTests
{
    private static readonly ObjectMeta Policy = new() { Namespace = "shop", Name = "shop", Uid = "u-1" };

    [Fact]
    public void PodsWithTheSameOpenPorts_ShareOneNetworkPolicy()
    {
        var built = BypassPolicies.Build(Policy, [Pod(15001, 8080), Pod(15001, 9000), Pod(15002, 8080)]);

        Assert.Equal(2, built.Count);
    }

    [Fact]
    public void TheApplicationsPort_IsNotAmongThoseThatAreAllowed()
    {
        var pod = Pod(15001, 8080);
        var built = Assert.Single(BypassPolicies.Build(Policy, [pod])).Value;

        Assert.Equal([9090, 15001, 15020], built["spec"]!["ingress"]![0]!["ports"]!.AsArray()
            .Select(port => port!["port"]!.GetValue<int>()));
        Assert.Equal(pod.OpenPortsLabel,
            built["spec"]!["podSelector"]!["matchLabels"]!["wafoperator.dev/open-ports"]!.GetValue<string>());
        Assert.Equal("u-1", built["metadata"]!["ownerReferences"]![0]!["uid"]!.GetValue<string>());
    }

    [Fact]
    public void ALongPolicyName_StillGivesANameThatKubernetesTakes()
    {
        var built = BypassPolicies.Build(Policy with { Name = new string('a', 253) }, [Pod(15001, 8080)]);

        Assert.All(built.Keys, name => Assert.InRange(name.Length, 1, 253));
    }

    private static CapturedPod Pod(int listen, int application) => CapturedPod.Read(JsonNode.Parse($$"""
        {"spec": {"containers": [
          {"name": "waf-sidecar", "env": [{"name": "WAF_LISTENERS", "value": "http={{listen}}:{{application}}"}],
           "ports": [{"name": "waf-admin", "containerPort": 15020}]},
          {"name": "shop", "ports": [
            {"name": "http", "containerPort": {{listen}} }, {"containerPort": {{application}} },
            {"name": "metrics", "containerPort": 9090}]}
        ] } }
        """)!.AsObject())!;
}
