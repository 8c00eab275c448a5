using System.Text.Json.Nodes;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using ConditionStatus = WafOperator.Resources.ConditionStatus;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>
/// What a pool is made of, on a real API server with the real Deployment controller and garbage collector.
/// </summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class PoolControllerTests(RealControlPlane plane)
{
    private const string Cpu =
        """{"replicas":2,"ladder":[{"provider":"Cpu","precision":"Int8","cpu":"1","memory":"1Gi"}]}""";

    private static readonly ResourceType<KubernetesObject> Budgets = BuiltIn.PodDisruptionBudgets("v1beta1");

    private static readonly ResourceType<KubernetesObject> Autoscalers = BuiltIn.HorizontalPodAutoscalers("v2beta2");

    [Fact]
    public async Task APool_IsDeploymentServiceAndBudget_AndItsSpecIsNeverWritten()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        var applied = await world.ApplyAsync(Cpu);
        await world.StatusAsync("both replicas serve", s => s is { ReadyReplicas: 2, Summary: "2/2" });

        var service = await world.FindAsync(BuiltIn.Services, "large");
        Assert.Equal("0", service!.Text("spec", "selector", "wafoperator.dev/rung"));
        Assert.Equal(8500, Assert.Single(service.Json.Items("spec", "ports")).Number("port"));
        Assert.NotNull(await world.FindAsync(Budgets, "large"));
        Assert.Null(await world.FindAsync(Autoscalers, "large"));
        var pool = await world.Admin.GetAsync(ControllerKinds.Pools, world.Key, default);
        Assert.Equal(applied.Metadata.Generation, pool.Metadata.Generation);
        Assert.Equal(pool.Metadata.Generation, pool.Value.Status!.ObservedGeneration);
        Assert.True(PoolWorld.Is(pool.Value.Status, "Degraded", ConditionStatus.False, "AsExpected"));
        Assert.True(PoolWorld.Is(pool.Value.Status, "ParityChecked", ConditionStatus.Unknown, "NothingToCompare"));
        await Eventually.TrueAsync(
            async () => (await world.EventsAsync()).Contains("RungTaken"), "the step is told as an event");

        // Nothing is written when nothing changes.
        var before = (await world.RungAsync(0))!.Metadata.ResourceVersion;
        world.Advance(TimeSpan.FromMinutes(11));
        world.Advance(TimeSpan.FromMinutes(11));
        await Task.Delay(500);
        Assert.Equal(before, (await world.RungAsync(0))!.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task TheScaleSubresource_ScalesThePool()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu);
        await world.StatusAsync("both replicas serve", s => s.ReadyReplicas == 2);
        await world.Admin.SetScaleAsync(ControllerKinds.Pools, world.Key, 3, default);
        await world.StatusAsync("the third serves", s => s.ReadyReplicas == 3);
        var scale = await world.Admin.GetScaleAsync(ControllerKinds.Pools, world.Key, default);
        Assert.Equal((3, 3, "wafoperator.dev/pool=large"), (scale.SpecReplicas, scale.StatusReplicas, scale.Selector));
    }

    [Fact]
    public async Task ZeroReplicas_OnlyWhileNoPolicyNeedsThePool()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu.Replace("\"replicas\":2", "\"replicas\":0", StringComparison.Ordinal));
        await world.StatusAsync("nothing is wanted",
            s => s is { DesiredReplicas: 0 } && PoolWorld.Is(s, "Ready", ConditionStatus.True, "ScaledToZero"));
        var policy = world.Named("front", new JsonObject { ["ml"] = new JsonObject { ["pool"] = "large" } });
        await world.Admin.ApplyAsync(ControllerKinds.Policies, policy, new ApplyOptions(), default);
        await world.StatusAsync("the policy's need brings it back", s => s.ReadyReplicas == 1);
        await world.Admin.DeleteAsync(
            ControllerKinds.Policies, new(world.Namespace, "front"), new DeleteOptions(), default);
        await world.StatusAsync("and it goes again", s => s is { DesiredReplicas: 0, Replicas: 0 });
    }

    [Fact]
    public async Task AChangedSpec_RollsWithoutLosingAReplica()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu);
        await world.StatusAsync("both replicas serve", s => s.ReadyReplicas == 2);
        await world.ApplyAsync(Cpu.Replace("1Gi", "2Gi", StringComparison.Ordinal));
        var least = 2;
        await Eventually.TrueAsync(
            async () =>
            {
                var pods = (await world.Admin.ListAsync(BuiltIn.Pods, ListOptions.In(world.Namespace), default)).Items;
                var active = pods.Where(p => !p.Metadata.IsBeingDeleted).ToList();
                least = Math.Min(least, active.Count(p => p.Text("status", "phase") == "Running"));
                return active.Count == 2 && active.TrueForAll(p => p.Json.Items("spec", "containers").Single()
                    .Text("resources", "limits", "memory") == "2Gi");
            },
            "both replicas have the new memory");
        Assert.Equal(2, least);
    }

    [Fact]
    public async Task WhatSomebodyChanged_IsPutRight_AndWhatWasDeletedComesBack()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu);
        await world.ReadyOnAsync(0);
        var stray = Patch.Merge(new JsonObject
        {
            ["spec"] = new JsonObject { ["selector"] = new JsonObject { ["wafoperator.dev/rung"] = "7" } },
        });
        await world.Admin.PatchAsync(BuiltIn.Services, world.Key, stray, default);
        await world.Admin.DeleteAsync(Budgets, world.Key, new DeleteOptions(), default);
        await Eventually.TrueAsync(
            async () =>
            {
                world.Advance(TimeSpan.Zero);
                return (await world.FindAsync(BuiltIn.Services, "large"))!.Text(
                    "spec", "selector", "wafoperator.dev/rung") == "0"
                    && await world.FindAsync(Budgets, "large") is not null;
            },
            "both are as they should be");
    }

    [Fact]
    public async Task ANameThatSomebodyElseHas_IsNotTaken()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        var foreign = new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = "large" },
            ["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
        };
        var service = await world.Admin.CreateAsync(BuiltIn.Services, foreign, default);
        await world.ApplyAsync(Cpu);
        await world.StatusAsync("the pool refuses", s => PoolWorld.Is(s, "Accepted", ConditionStatus.False, "NameTaken")
            && PoolWorld.Is(s, "Ready", ConditionStatus.False, "NameTaken"));
        var untouched = await world.FindAsync(BuiltIn.Services, "large");
        Assert.Equal(service.Metadata.ResourceVersion, untouched!.Metadata.ResourceVersion);
        await world.Admin.DeleteAsync(BuiltIn.Services, world.Key, new DeleteOptions(), default);
        await world.ReadyOnAsync(0);
    }

    [Fact]
    public async Task OrphansOfAnEarlierPool_AreAdopted()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu);
        await world.ReadyOnAsync(0);
        var first = (await world.RungAsync(0))!;
        var orphan = new DeleteOptions { Propagation = DeletePropagation.Orphan };
        await world.Admin.DeleteAsync(ControllerKinds.Pools, world.Key, orphan, default);
        await Eventually.TrueAsync(
            async () => (await world.RungAsync(0))!.Metadata.OwnerReferences.Count == 0
                && await world.Admin.TryGetAsync(ControllerKinds.Pools, world.Key, default) is null,
            "the pool is gone and its Deployment is left");
        var again = await world.ApplyAsync(Cpu);
        await world.ReadyOnAsync(0);
        var adopted = (await world.RungAsync(0))!;
        Assert.Equal(first.Metadata.Uid, adopted.Metadata.Uid);
        Assert.Equal(again.Metadata.Uid, adopted.Metadata.Controller!.Uid);
    }

    [Fact]
    public async Task ADeletedPool_TakesEverythingWithIt()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        await world.ApplyAsync(Cpu);
        await world.ReadyOnAsync(0);
        await world.Admin.DeleteAsync(ControllerKinds.Pools, world.Key, new DeleteOptions(), default);
        await Eventually.TrueAsync(
            async () => await world.RungAsync(0) is null && await world.FindAsync(BuiltIn.Services, "large") is null
                && await world.FindAsync(Budgets, "large") is null,
            "the garbage collector took all of it");
    }

    [Fact]
    public async Task AnAutoscalerOfKubernetes_IsMadeWhereItIsWanted_AndGoesAgain()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        const string Wanted = ""","autoscaling":{"minReplicas":2,"maxReplicas":6,"useHorizontalPodAutoscaler":true}}""";
        await world.ApplyAsync(Cpu[..^1] + Wanted);
        await Eventually.TrueAsync(async () => await world.FindAsync(Autoscalers, "large") is not null, "it is made");
        var made = (await world.FindAsync(Autoscalers, "large"))!;
        Assert.Equal("InferencePool", made.Text("spec", "scaleTargetRef", "kind"));
        var metric = Assert.Single(made.Json.Items("spec", "metrics"));
        Assert.Equal("5m", metric.Text("pods", "target", "averageValue"));
        await world.ApplyAsync(Cpu);
        await Eventually.TrueAsync(async () => await world.FindAsync(Autoscalers, "large") is null, "it is gone");
    }

    [Fact]
    public async Task ANameThatNoServiceCanHave_IsSaid()
    {
        await using var world = await PoolWorld.StartAsync(plane);
        var body = world.Named("1st.pool", JsonNode.Parse(Cpu)!.AsObject());
        await world.Admin.ApplyAsync(ControllerKinds.Pools, body, new ApplyOptions(), default);
        await Eventually.TrueAsync(
            async () => (await world.Admin.GetAsync(ControllerKinds.Pools, new(world.Namespace, "1st.pool"), default))
                .Value.Status is { } status && PoolWorld.Is(status, "Accepted", ConditionStatus.False, "NameUnusable"),
            "the condition says so");
    }
}
