using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Pools;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>
/// The pool controller against a real control plane, in a namespace with a node of its own, with the rights that the
/// chart gives and a clock that can be moved ahead.
/// </summary>
public sealed class PoolWorld : IAsyncDisposable
{
    public const string Gpu = "nvidia.com/gpu";

    private readonly KubernetesClient _operator;
    private readonly InformerSet _informers = new();
    private readonly HttpClient _http = new();
    private readonly PoolMetrics _metrics = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ShiftedTime _time = new();
    private readonly KeptLog _log = new();
    private readonly PoolCaches _caches;
    private readonly PoolObserver _observer;
    private readonly ControllerLoop _loop;
    private readonly EventRecorder _events;
    private Task _work = Task.CompletedTask;

    private PoolWorld(
        RealControlPlane plane, string ns, PretendNode node, IReadOnlyDictionary<string, string> packages, int port)
    {
        (Namespace, Node, Admin) = (ns, node, plane.Client());
        _operator = plane.Client(RealControlPlane.OperatorToken);
        var services = TestApiServer.Services with { Loggers = _log };
        _caches = PoolCaches.Add(_informers, _operator, services, PolicyCaches.Add(_informers, _operator, services));
        var asking = new PoolObserverOptions { Port = port, Interval = TimeSpan.FromMilliseconds(300) };
        _observer = new PoolObserver(_caches.Pods, _http, asking, _time, NullLogger<PoolObserver>.Instance);
        _events = new EventRecorder(_operator, "waf-operator", services);
        var settings = new PoolSettings(
            "registry.local/inference:1", "https://op.svc:9444", "waf-operator", "waf-operator-ca", "ca.crt");
        var cluster =
            new PoolCluster(_operator, new ParityProbe(_http, new Packages(packages), asking), settings, _time);
        var controller = new PoolController(
            _caches, _observer, cluster, new StatusWriter(_operator), _events, _metrics, _time);
        _loop = new ControllerLoop("pools", controller, new ControllerOptions(), services)
            .For(_caches.Ours.Pools)
            .Watch(_caches.Ours.Models, _ => [Key])
            .Watch(_caches.Ours.Policies, _ => [Key])
            .Watch(_caches.Rungs, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata))
            .Watch(_caches.Pods, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata));
    }

    public string Namespace { get; }

    public PretendNode Node { get; }

    public KubernetesClient Admin { get; }

    /// <summary>The pool of these tests.</summary>
    public NamespacedName Key => new(Namespace, "large");

    /// <param name="plane">The control plane.</param>
    /// <param name="gpus">Accelerators of the node.</param>
    /// <param name="packages">Files of packages by digest.</param>
    /// <param name="addressOf">Address of a pod's server; null: the pod is never ready.</param>
    /// <param name="port">Port of the servers.</param>
    public static async Task<PoolWorld> StartAsync(
        RealControlPlane plane, int gpus = 0, IReadOnlyDictionary<string, string>? packages = null,
        Func<KubernetesObject, string?>? addressOf = null, int port = 1)
    {
        var ns = await plane.NamespaceAsync();
        var client = plane.Client();
        var node = await PretendNode.StartAsync(
            client, $"node-of-{ns}", new Dictionary<string, int> { [Gpu] = gpus }, addressOf ?? (_ => "127.0.0.1"));
        var world = new PoolWorld(plane, ns, node, packages ?? new Dictionary<string, string>(), port);
        world._work = Task.WhenAll(
            world._informers.RunAsync(world._stop.Token), world._events.RunAsync(world._stop.Token),
            world._loop.RunAsync(world._stop.Token), world.ObserveAsync());
        await world._informers.WaitForSyncAsync(default);
        return world;
    }

    /// <summary>Applies the pool as a person would. The node of this world is the only place for its pods.</summary>
    public Task<Resource<InferencePool>> ApplyAsync(string spec)
    {
        var body = JsonNode.Parse(spec)!.AsObject();
        var placement = body["placement"]?.AsObject() ?? [];
        placement["nodeSelector"] = new JsonObject { ["node"] = Node.Name };
        body["placement"] = placement;
        return Admin.ApplyAsync(
            ControllerKinds.Pools, Named("large", body), new ApplyOptions { FieldManager = "git" }, default);
    }

    public JsonObject Named(string name, JsonObject spec) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = Namespace, ["name"] = name }, ["spec"] = spec,
    };

    /// <summary>Moves the operator's clock ahead, and lets it look.</summary>
    public void Advance(TimeSpan by)
    {
        _time.Shift += by;
        _loop.Enqueue(Key);
    }

    public async Task<InferencePool> PoolAsync() =>
        (await Admin.GetAsync(ControllerKinds.Pools, Key, default)).Value;

    public async Task<KubernetesObject?> FindAsync(ResourceType<KubernetesObject> type, string name) =>
        await Admin.TryGetAsync(type, new NamespacedName(Namespace, name), default);

    public Task<KubernetesObject?> RungAsync(int rung) => FindAsync(BuiltIn.Deployments, $"large-rung-{rung}");

    private async Task ObserveAsync()
    {
        _observer.Observed += _loop.Enqueue;
        try
        {
            await _observer.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    /// <summary>Waits for a status; says what it was when it never comes.</summary>
    public async Task StatusAsync(string what, Func<InferencePoolStatus, bool> wanted)
    {
        InferencePoolStatus? last = null;
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    _loop.Enqueue(Key);
                    return (last = (await PoolAsync()).Status) is { } status && wanted(status);
                },
                what);
        }
        catch (Xunit.Sdk.XunitException e)
        {
            Assert.Fail($"{e.Message}; the status was {JsonSerializer.Serialize(last)}\n{_log.Tail(20)}");
        }
    }

    public Task ReadyOnAsync(int rung) => StatusAsync(
        $"rung {rung} serves",
            s => s.Rung == rung && s.TryingRung is null && Is(s, "Ready", Resources.ConditionStatus.True));

    public static bool Is(
        InferencePoolStatus status, string type, Resources.ConditionStatus wanted, string? reason = null) =>
        status.Conditions.Any(c => c.Type == type && c.Status == wanted && (reason is null || c.Reason == reason));

    /// <summary>Reasons of the events about the pool.</summary>
    public async Task<IReadOnlyList<string>> EventsAsync() =>
    [
        .. (await Admin.ListAsync(BuiltIn.Events, ListOptions.In(Namespace), default)).Items
            .Where(e => e.Text("involvedObject", "name") == "large").Select(e => e.Text("reason")!),
    ];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await Admin.DeleteAsync(ControllerKinds.Pools, Key, new DeleteOptions(), default);
        await Eventually.TrueAsync(
            async () => (await Admin.ListAsync(BuiltIn.Pods, ListOptions.In(Namespace), default)).Items.Count == 0,
            "the garbage collector took the pool's pods");
        await Node.DisposeAsync();
        _metrics.Dispose();
        _http.Dispose();
        _operator.Dispose();
        Admin.Dispose();
        _stop.Dispose();
        _log.Dispose();
    }

    /// <summary>The system's clock, ahead by as much as the test says.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => TimeProvider.System.GetUtcNow() + Shift;
    }

    private sealed class Packages(IReadOnlyDictionary<string, string> files) : IPackageReader
    {
        public async Task<ModelPackage?> ReadAsync(string digest, CancellationToken cancellationToken) =>
            files.TryGetValue(digest, out var file)
                ? ModelPackageReader.Read(
                    await File.ReadAllBytesAsync(file, cancellationToken), digest, PackageLimits.Default).Package
                : null;
    }
}
