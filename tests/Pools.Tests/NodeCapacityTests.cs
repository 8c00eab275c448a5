using System.Text.Json.Nodes;
using WafOperator.Pools;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

public sealed class NodeCapacityTests
{
    private static readonly AcceleratorRung Gpu = new() { Resource = "nvidia.com/gpu", Cpu = "1", Memory = "1Gi" };

    private static KubernetesObject Node(
        string name, string gpus, string spec = "{}", string labels = "{}", string ready = "True", string cpu = "8") =>
        Read($$$"""
            {"metadata":{"name":"{{{name}}}","labels":{{{labels}}}},"spec":{{{spec}}},"status":{
             "allocatable":{"cpu":"{{{cpu}}}","memory":"33554432Ki","pods":"110","nvidia.com/gpu":"{{{gpus}}}"},
             "conditions":[{"type":"Ready","status":"{{{ready}}}"}]}}
            """);

    private static KubernetesObject Pod(string node, string resources, string phase = "Running") => Read($$$"""
        {"metadata":{"name":"p","namespace":"n"},
         "spec":{"nodeName":"{{{node}}}","containers":[{"resources":{{{resources}}}}]},"status":{"phase":"{{{phase}}}"}}
        """);

    private static KubernetesObject Read(string json) => KubernetesObject.From(JsonNode.Parse(json)!.AsObject());

    private static int Slots(
        IReadOnlyList<KubernetesObject> nodes, IReadOnlyList<KubernetesObject> pods, PlacementSpec? placement = null) =>
        NodeCapacity.FreeSlots(nodes, pods, Gpu, placement ?? new PlacementSpec());

    [Fact]
    public void WhatPodsAskedFor_IsTakenOff()
    {
        var taken = """{"limits":{"nvidia.com/gpu":"1"}}""";
        Assert.Equal(2, Slots([Node("a", "2")], []));
        Assert.Equal(1, Slots([Node("a", "2")], [Pod("a", taken)]));
        Assert.Equal(0, Slots([Node("a", "2")], [Pod("a", taken), Pod("a", taken)]));
        Assert.Equal(2, Slots([Node("a", "2")], [Pod("b", taken)]));
        Assert.Equal(2, Slots([Node("a", "2")], [Pod("a", taken, "Succeeded")]));
        Assert.Equal(3, Slots([Node("a", "2"), Node("b", "1")], []));
    }

    [Fact]
    public void CpuAndMemory_CountToo()
    {
        Assert.Equal(1, Slots([Node("a", "4", cpu: "1500m")], []));
        Assert.Equal(0, Slots([Node("a", "4", cpu: "1500m")], [Pod("a", """{"requests":{"cpu":"600m"}}""")]));
        Assert.Equal(2, Slots([Node("a", "4")], [Pod("a", """{"requests":{"memory":"30720Mi"}}""")]));
    }

    [Fact]
    public void NodesThatTakeNoPods_HaveNoRoom()
    {
        Assert.Equal(0, Slots([Node("a", "2", """{"unschedulable":true}""")], []));
        Assert.Equal(0, Slots([Node("a", "2", ready: "Unknown")], []));
        Assert.Equal(0, Slots([Node("a", "0")], []));
    }

    [Fact]
    public void Taints_MustBeTolerated_AndTheAcceleratorsOwnIs()
    {
        var dedicated = """{"taints":[{"key":"dedicated","effect":"NoSchedule"}]}""";
        Assert.Equal(0, Slots([Node("a", "2", dedicated)], []));
        Assert.Equal(2, Slots([Node("a", "2", dedicated)], [], new PlacementSpec { TolerateTaints = ["dedicated"] }));
        Assert.Equal(2, Slots([Node("a", "2", """{"taints":[{"key":"nvidia.com/gpu","effect":"NoSchedule"}]}""")], []));
        Assert.Equal(2, Slots([Node("a", "2", """{"taints":[{"key":"soft","effect":"PreferNoSchedule"}]}""")], []));
    }

    [Fact]
    public void NodeLabels_MustMatch()
    {
        var placement = new PlacementSpec { NodeSelector = new Dictionary<string, string> { ["zone"] = "a" } };
        Assert.Equal(0, Slots([Node("a", "2")], [], placement));
        Assert.Equal(2, Slots([Node("a", "2", labels: """{"zone":"a"}""")], [], placement));
    }

    [Theory]
    [InlineData("2", 2)]
    [InlineData("500m", 0.5)]
    [InlineData("1Gi", 1073741824)]
    [InlineData("1e3", 1000)]
    [InlineData("1k", 1000)]
    [InlineData("1E3", 1000)]
    [InlineData("1E", 1e18)]
    [InlineData("2Ki", 2048)]
    [InlineData("24632452Ki", 25223630848)]
    [InlineData("1Ti", 1099511627776)]
    [InlineData("1.5Gi", 1610612736)]
    [InlineData("250u", 0.00025)]
    [InlineData("Ki", 0)]
    [InlineData("", 0)]
    [InlineData("many", 0)]
    [InlineData("99999999999999999999999999999999999Pi", 0)]
    public void Quantity_AsKubernetesWritesThem(string text, double expected) =>
        Assert.Equal((decimal)expected, NodeCapacity.Quantity(text));
}
