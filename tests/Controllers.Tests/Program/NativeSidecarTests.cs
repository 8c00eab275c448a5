using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Operator.Host;

namespace WafOperator.Controllers.Tests.Program;

/// <summary>Which nodes run native sidecars, by the version that their kubelet says.</summary>
public sealed class NativeSidecarTests
{
    [Theory]
    [InlineData("v1.29.0", true)]
    [InlineData("v1.31.4+k3s1", true)]
    [InlineData("v1.30-gke.5", true)]
    [InlineData("v2.0.0", true)]
    [InlineData("v1.28.15-eks-1", false)]
    [InlineData("v1.20.2", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("v1.x", false)]
    public void RunsNativeSidecars_From129On(string? version, bool expected) => Assert.Equal(
        expected, InjectionState.RunsNativeSidecars(KubernetesObject.From(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "n" },
            ["status"] = new JsonObject { ["nodeInfo"] = new JsonObject { ["kubeletVersion"] = version } },
        })));
}
