using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Apis;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Controllers.Tests.Models;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Apis;

/// <summary>
/// The parts of the operator that an ApiSchema passes through, on a real API server: caches, compiler, what sidecars
/// are told, and its status.
/// </summary>
internal sealed class ApiSchemaOperator : IPolicySink, IAsyncDisposable
{
    private readonly RolloutWorld _world;
    private readonly InformerSet _informers = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CoverageCaches _coverage;
    private readonly SidecarReports _reports;
    private readonly PolicyPublisher _publisher;
    private readonly ApiSchemaStatusController _status;
    private readonly Task _running;
    private PolicyDocument? _document;

    private ApiSchemaOperator(RolloutWorld world)
    {
        _world = world;
        var services = TestApiServer.Services;
        var caches = PolicyCaches.Add(_informers, world.Client, services);
        _coverage = CoverageCaches.Add(_informers, world.Client, services, RolloutWorld.SidecarImage);
        _reports = new SidecarReports(
            _coverage.Pods.Cache.Get, new SidecarReportOptions { SoonestAfter = TimeSpan.Zero }, TimeProvider.System);
        var compiled = new CompiledPolicies();
        _publisher = new PolicyPublisher(
            caches, new PublicKeys(world.Client, TimeProvider.System, new PackageTrust("", true, null)), compiled,
            this, TimeProvider.System, NullLogger<PolicyPublisher>.Instance);
        _status = new ApiSchemaStatusController(
            caches, compiled, new PolicyCoverage(caches, _coverage, _reports), new StatusWriter(world.Client),
            TimeProvider.System);
        _running = _informers.RunAsync(_stop.Token);
    }

    /// <summary>What sidecars are told.</summary>
    public PolicyDocument? Document => _document;

    private NamespacedName Policy => new(_world.Namespace, "shop");

    private NamespacedName Schema => new(_world.Namespace, "items");

    /// <summary>A policy for the pods with app=shop, and the ApiSchema items.</summary>
    public static async Task<ApiSchemaOperator> StartAsync(RolloutWorld world)
    {
        await world.Client.CreateAsync(
            ControllerKinds.Policies, Named(world, "shop", (JsonObject)JsonNode.Parse(
                """{"targetRefs":[{"kind":"Pod","selector":{"matchLabels":{"app":"shop"}}}]}""")!),
            CancellationToken.None);
        await world.Client.CreateAsync(
            ControllerKinds.ApiSchemas, Named(world, "items", (JsonObject)JsonNode.Parse(
                """{"policy":"shop","document":{"configMap":"items-api"}}""")!),
            CancellationToken.None);
        var life = new ApiSchemaOperator(world);
        await life._informers.WaitForSyncAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        return life;
    }

    /// <summary>Writes the document into its ConfigMap.</summary>
    public async Task WriteAsync(string document)
    {
        var map = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject
            {
                ["namespace"] = _world.Namespace, ["name"] = "items-api",
                ["labels"] = new JsonObject { [PolicyCaches.RulesLabel] = "true" },
            },
            ["data"] = new JsonObject { ["openapi.yaml"] = document },
        };
        await _world.Client.ApplyAsync(BuiltIn.ConfigMaps, map, new ApplyOptions(), CancellationToken.None);
    }

    /// <summary>The shop's pod says what it counted.</summary>
    public async Task ReportAsync(ApiSchemaReport report)
    {
        var key = new NamespacedName(_world.Namespace, "shop");
        await Eventually.TrueAsync(
            () => _coverage.Pods.Cache.Get(key) is { } pod && _reports.Accept(
                key, pod.Metadata.Uid, new SidecarStatus { Policy = "shop", ApiSchemas = [report] })
                is ReportOutcome.Taken,
            "the report of the shop's pod is taken");
    }

    /// <summary>Works until the status that is stored says it.</summary>
    public async Task<ApiSchemaStatus> SettleAsync(Func<ApiSchemaStatus, bool> says, string what)
    {
        ApiSchemaStatus? status = null;
        await Eventually.TrueAsync(async () =>
        {
            await _publisher.ReconcileAsync(Policy, CancellationToken.None);
            await _status.ReconcileAsync(Schema, CancellationToken.None);
            status = (await _world.Client.GetAsync(ControllerKinds.ApiSchemas, Schema, CancellationToken.None))
                .Value.Status;
            return status is not null && says(status);
        }, what);
        return status!;
    }

    public bool Publish(NamespacedName key, PolicyDocument document)
    {
        _document = document;
        return true;
    }

    public void Remove(NamespacedName key) => _document = null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(60));
        _stop.Dispose();
    }

    private static JsonObject Named(RolloutWorld world, string name, JsonObject spec) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = name }, ["spec"] = spec,
    };
}
