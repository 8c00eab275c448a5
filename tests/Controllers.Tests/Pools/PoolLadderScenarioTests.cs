using System.Collections.Concurrent;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using ConditionStatus = WafOperator.Resources.ConditionStatus;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>The ladder with the real scheduler: accelerators that are there, absent, withdrawn and back.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class PoolLadderScenarioTests(RealControlPlane plane)
{
    private const string GpuThenCpu = """
        {"replicas":2,"unschedulableAfter":"2m","retryAfter":"10m","ladder":[
         {"resource":"nvidia.com/gpu","provider":"Cuda","precision":"Fp16"},{"provider":"Cpu","precision":"Int8"}]}
        """;

    private static Dictionary<string, int> Gpus(int count) => new() { [PoolWorld.Gpu] = count };

    [Fact]
    public async Task WithAccelerators_TheFirstRungServes()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 2);
        await world.ApplyAsync(GpuThenCpu);
        await world.ReadyOnAsync(0);
        Assert.Equal("rung 0 (1 nvidia.com/gpu, Cuda, Fp16)", (await world.PoolAsync()).Status!.Accelerator);
        Assert.Null(await world.RungAsync(1));
    }

    [Fact]
    public async Task WithoutAccelerators_TheNextRungServes_AfterTheSetTimeAndNotBefore()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 0);
        await world.ApplyAsync(GpuThenCpu);
        await world.StatusAsync(
            "the scheduler's words are told", s => PoolWorld.Is(s, "Scheduled", ConditionStatus.False, "Unschedulable")
            && PoolWorld.Is(s, "Ready", ConditionStatus.False));
        Assert.Equal(0, (await world.PoolAsync()).Status!.TryingRung);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.ReadyOnAsync(1);
        var status = (await world.PoolAsync()).Status!;
        Assert.True(PoolWorld.Is(status, "Degraded", ConditionStatus.False) == false,
            "serving below the first rung is degraded");
        Assert.True(PoolWorld.Is(status, "Degraded", ConditionStatus.True, "OnLowerRung"));
        world.Advance(TimeSpan.FromSeconds(11));
        await Eventually.TrueAsync(async () => await world.RungAsync(0) is null, "no pod waits for ever");
    }

    [Fact]
    public async Task WithdrawnAndReturned_WithoutAMomentInWhichNoPodServes()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 2);
        await world.ApplyAsync(GpuThenCpu);
        await world.ReadyOnAsync(0);
        await using var watch = new ServiceWatch(world);

        // Gone: one of the two pods is lost with it, then the other.
        await world.Node.OfferAsync(Gpus(0));
        await DeleteOnePodAsync(world);
        await world.StatusAsync(
            "one pod still serves", s => PoolWorld.Is(s, "Scheduled", ConditionStatus.False, "ShortOfCapacity"));
        world.Advance(TimeSpan.FromMinutes(3));
        await world.StatusAsync("the rung is kept while one pod runs", s => s is { Rung: 0, TryingRung: null });
        watch.Pause();
        await DeleteOnePodAsync(world);
        world.Advance(TimeSpan.FromMinutes(3));
        await world.ReadyOnAsync(1);
        watch.Resume();

        // Back: tried beside the CPUs, taken when it is ready, and the CPUs go.
        await world.Node.OfferAsync(Gpus(2));
        world.Advance(TimeSpan.FromMinutes(10));
        await world.ReadyOnAsync(0);
        world.Advance(TimeSpan.FromSeconds(11));
        await Eventually.TrueAsync(async () => await world.RungAsync(1) is null, "the CPUs are given back");
        Assert.Empty(await watch.StopAsync());
        await Eventually.TrueAsync(
            async () => new[] { "RungLeaving", "RungDown", "RungTrying", "RungUp" }.All(
                (await world.EventsAsync()).Contains),
            "each step is an event");
    }

    [Fact]
    public async Task AnOperatorWhoseViewIsBehind_DoesNotEndItsOwnTry()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 0);
        await world.ApplyAsync(GpuThenCpu);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.StatusAsync("it looks", s => s.TryingRung is not null || s.Rung is not null);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.ReadyOnAsync(1);
        var controller = await world.StandStillAsync();
        await world.Node.OfferAsync(Gpus(2));
        world.Shift(TimeSpan.FromMinutes(10));

        // The second look comes from before the first one's decision, and after its pods have taken the accelerators.
        await controller.ReconcileAsync(world.Key, default);
        Assert.Equal(0, (await world.PoolAsync()).Status!.TryingRung);
        await Eventually.TrueAsync(
            async () => (await world.Admin.ListAsync(BuiltIn.Pods, ListOptions.In(world.Namespace), default)).Items
                .Count(p => p.Metadata.Name.StartsWith("large-rung-0", StringComparison.Ordinal)
                    && p.Text("spec", "nodeName") is not null) == 2,
            "both pods of the better rung have an accelerator");
        await controller.ReconcileAsync(world.Key, default);

        Assert.Equal(0, (await world.PoolAsync()).Status!.TryingRung);
        Assert.NotNull(await world.RungAsync(0));
    }

    [Fact]
    public async Task RoomForOneOfTwo_IsNoReasonToClimb()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 0);
        await world.ApplyAsync(GpuThenCpu);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.StatusAsync("it looks", s => s.TryingRung is not null || s.Rung is not null);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.ReadyOnAsync(1);
        await world.Node.OfferAsync(Gpus(1));
        world.Advance(TimeSpan.FromMinutes(10));
        await world.StatusAsync("it looked, and stays", s => s is { Rung: 1, TryingRung: null, LastRetryAt: not null });
        Assert.Null(await world.RungAsync(0));
    }

    [Fact]
    public async Task AnUpdateWhereEveryAcceleratorIsTaken_IsDoneInPlace()
    {
        await using var world = await PoolWorld.StartAsync(plane, gpus: 2);
        await world.ApplyAsync(GpuThenCpu);
        await world.StatusAsync("both serve", s => s.ReadyReplicas == 2);
        await world.ApplyAsync(GpuThenCpu.Replace("\"Fp16\"", "\"Fp32\"", StringComparison.Ordinal));
        await world.StatusAsync(
            "the new pod finds no accelerator", s => PoolWorld.Is(s, "Scheduled", ConditionStatus.False));
        world.Advance(TimeSpan.FromMinutes(2));
        await Eventually.TrueAsync(
            async () =>
            {
                world.Advance(TimeSpan.Zero);
                var pods = (await world.Admin.ListAsync(BuiltIn.Pods, ListOptions.In(world.Namespace), default)).Items;
                return pods.Count == 2 && pods.All(p => p.Text("status", "phase") == "Running"
                    && p.Json.Items("spec", "containers").Single().Items("env").Any(v => v.Text("value") == "Fp32"));
            },
            "both replicas were replaced");
        await world.StatusAsync("and surges are allowed again", s => s is { Rung: 0, ReplacingInPlace: false });
        Assert.Contains("RungExactFit", await world.EventsAsync());
    }

    /// <summary>Ended at every state of a way down and up again, the operator goes on where it was.</summary>
    [Fact]
    public async Task AnOperatorThatIsEndedOnTheWay_GoesOn()
    {
        var isSlow = true;
        await using var world = await PoolWorld.StartAsync(
            plane, gpus: 0, addressOf: _ => Volatile.Read(ref isSlow) ? null : "127.0.0.1");
        await world.ApplyAsync(GpuThenCpu);
        await world.StatusAsync("the first rung is tried", s => s.TryingRung == 0);
        await world.RestartOperatorAsync();
        world.Advance(TimeSpan.FromMinutes(2));
        await world.StatusAsync("the second rung is tried", s => s is { TryingRung: 1, Rung: null });
        await world.RestartOperatorAsync();
        await world.StatusAsync("and still is", s => s is { TryingRung: 1, Rung: null, Replicas: 2 });
        Volatile.Write(ref isSlow, false);
        await world.ReadyOnAsync(1);
        world.Advance(TimeSpan.FromSeconds(11));
        await FirstRungIsGoneAsync(world);

        Volatile.Write(ref isSlow, true);
        await world.Node.OfferAsync(Gpus(2));
        world.Advance(TimeSpan.FromMinutes(10));
        await world.StatusAsync("the first rung is tried again", s => s is { TryingRung: 0, Rung: 1 });
        await world.RestartOperatorAsync();
        await world.StatusAsync("beside the second", s => s is { TryingRung: 0, Rung: 1, ReadyReplicas: 2 });
        Volatile.Write(ref isSlow, false);
        await world.ReadyOnAsync(0);
        await world.RestartOperatorAsync();
        world.Advance(TimeSpan.FromSeconds(11));
        await Eventually.TrueAsync(async () => await world.RungAsync(1) is null, "the second rung is given back");
        Assert.Equal(0, (await world.PoolAsync()).Status!.FailedTries);
    }

    /// <summary>With its pods: those that still wait for a node would take the GPUs that come.</summary>
    private static Task FirstRungIsGoneAsync(PoolWorld world) => Eventually.TrueAsync(
        async () => await world.RungAsync(0) is null && !(await PodsAsync(world)).Any(pod =>
            pod.Metadata.Name.StartsWith("large-rung-0-", StringComparison.Ordinal)),
        "the first rung is gone");

    private static async Task<IReadOnlyList<KubernetesObject>> PodsAsync(PoolWorld world) =>
        (await world.Admin.ListAsync(BuiltIn.Pods, ListOptions.In(world.Namespace), default)).Items;

    private static async Task DeleteOnePodAsync(PoolWorld world)
    {
        var running = (await PodsAsync(world))
            .First(p => p.Text("status", "phase") == "Running" && !p.Metadata.IsBeingDeleted);
        await world.Admin.DeleteAsync(BuiltIn.Pods, running.Key, new DeleteOptions { GracePeriodSeconds = 0 }, default);
    }

    /// <summary>
    /// Looks all the time whether the Service leads to a pod that is ready, and keeps the moments when not.
    /// </summary>
    private sealed class ServiceWatch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _gaps = new();
        private readonly Task _work;
        private volatile bool _paused;

        public ServiceWatch(PoolWorld world) => _work = RunAsync(world);

        public void Pause() => _paused = true;

        public void Resume() => _paused = false;

        public async Task<IReadOnlyCollection<string>> StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
            return _gaps;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task RunAsync(PoolWorld world)
        {
            while (!_stop.IsCancellationRequested)
            {
                var service = await world.FindAsync(BuiltIn.Services, "large");
                var rung = service!.Text("spec", "selector", "wafoperator.dev/rung");
                var pods = await world.Admin.ListAsync(
                    BuiltIn.Pods,
                    new ListOptions { Namespace = world.Namespace, LabelSelector = $"wafoperator.dev/rung={rung}" },
                        default);
                var ready = pods.Items.Count(p => p.Text("status", "phase") == "Running" && !p.Metadata.IsBeingDeleted);
                if (ready == 0 && !_paused) _gaps.Enqueue($"{DateTimeOffset.UtcNow:O}: no ready pod of rung {rung}");
                await Task.Delay(20);
            }
        }
    }
}
