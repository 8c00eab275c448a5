using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Pools;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
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

    private readonly KubernetesClient _client;
    private readonly ShiftedTime _time = new();
    private readonly KeptLog _log = new();
    private readonly Packages _packages;
    private readonly int _port;
    private PoolOperator _operator;

    private PoolWorld(
        RealControlPlane plane, string ns, PretendNode node, IReadOnlyDictionary<string, string> packages, int port)
    {
        (Namespace, Node, Admin, _port) = (ns, node, plane.Client(), port);
        _packages = new Packages(packages);
        _client = plane.Client(RealControlPlane.OperatorToken);
        _operator = NewOperator();
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
        await world._operator.WaitForSyncAsync();
        return world;
    }

    /// <summary>Ends the operator where it is, and starts one that knows nothing of it.</summary>
    public async Task RestartOperatorAsync()
    {
        await _operator.DisposeAsync();
        _operator = NewOperator();
        await _operator.WaitForSyncAsync();
    }

    /// <summary>A controller whose view of the cluster stays as it is now; nothing else of the operator runs.</summary>
    public Task<PoolController> StandStillAsync() => _operator.StandStillAsync();

    /// <summary>Moves the operator's clock ahead.</summary>
    public void Shift(TimeSpan by) => _time.Shift += by;

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
        _operator.Look(Key);
    }

    public async Task<InferencePool> PoolAsync() =>
        (await Admin.GetAsync(ControllerKinds.Pools, Key, default)).Value;

    public async Task<KubernetesObject?> FindAsync(ResourceType<KubernetesObject> type, string name) =>
        await Admin.TryGetAsync(type, new NamespacedName(Namespace, name), default);

    public Task<KubernetesObject?> RungAsync(int rung) => FindAsync(BuiltIn.Deployments, $"large-rung-{rung}");

    /// <summary>Waits for a status; says what it was when it never comes.</summary>
    public async Task StatusAsync(string what, Func<InferencePoolStatus, bool> wanted)
    {
        InferencePoolStatus? last = null;
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    _operator.Look(Key);
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
        await _operator.DisposeAsync();
        await Admin.DeleteAsync(ControllerKinds.Pools, Key, new DeleteOptions(), default);
        await Eventually.TrueAsync(
            async () => (await Admin.ListAsync(BuiltIn.Pods, ListOptions.In(Namespace), default)).Items.Count == 0,
            "the garbage collector took the pool's pods");
        await Node.DisposeAsync();
        _client.Dispose();
        Admin.Dispose();
        _log.Dispose();
    }

    private PoolOperator NewOperator() => new(_client, _packages, _port, _time, _log);

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
