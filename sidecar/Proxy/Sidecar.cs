using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using WafOperator.Behaviour.Holds;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Admin;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Inspection;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Models;
using WafOperator.Proxy.Models.Pool;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Sharing;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Sync;
using WafOperator.Proxy.Telemetry;
using WafOperator.Scoring.Packages;
using WafOperator.Telemetry;

namespace WafOperator.Proxy;

/// <summary>
/// The data plane as one object: listeners, policy, reporting, admin port. Start it, stop it; a host does the rest.
/// </summary>
public sealed partial class Sidecar : IAsyncDisposable
{
    /// <summary>Where spans of requests begin; the host sends them.</summary>
    public static SpanSource Traces => RequestSpan.Source;

    private static readonly TimeSpan ModelRetry = TimeSpan.FromSeconds(10);

    private readonly SidecarOptions _options;
    private readonly ModelStage _models;
    private readonly PoolStage _pool;
    private readonly BehaviourModels _judges;
    private readonly Replicas _replicas;
    private readonly TimeProvider _time;
    private readonly ILogger<Sidecar> _logger;
    private readonly SidecarMeters _meters = new();
    private readonly MetricsPage _metrics;
    private readonly ActivePolicy _active = new();
    private readonly PolicyKeeper _keeper;
    private readonly ConnectionTable _connections;
    private readonly ProxyServer _server;
    private readonly AdminServer? _admin;
    private readonly DecisionLog _log;
    private readonly OperatorClient? _operator;
    private readonly OperatorClient? _packages;
    private readonly EventShipper? _shipper;
    private readonly RequestPipeline _pipeline;
    private readonly FileSync? _file;
    private readonly OperatorSync? _sync;
    private readonly CancellationTokenSource _stopping = new();
    private readonly DateTimeOffset _startedAt;
    private Task _background = Task.CompletedTask;
    private volatile bool _isDraining;

    public Sidecar(SidecarOptions options, TimeProvider time, ILoggerFactory logs)
    {
        _options = options;
        _time = time;
        _startedAt = time.GetUtcNow();
        _logger = logs.CreateLogger<Sidecar>();
        _metrics = new MetricsPage([MetricsPage.RuntimeMeter], _meters.Metrics.Set);
        if (options.Operator is { } address) _operator = new OperatorClient(address.Address);
        if (options.Packages is { } packages) _packages = new OperatorClient(packages.Address);
        _pool = new PoolStage(_meters, time);
        _models = new ModelStage(
            SourcesOf(options), _pool, options.Operator?.StateDirectory, time, logs.CreateLogger<ModelStage>());
        _judges = new BehaviourModels(SourcesOf(options));
        _replicas = new Replicas(time);
        var copy = options.Operator?.StateDirectory is { } folder ? new LastGoodCopy(folder) : null;
        _keeper = new PolicyKeeper(
            _active, new SnapshotCompiler(options.RulesDirectory, _models, _judges, _replicas, time)
            {
                Access = options.Upstream,
            }, copy, _meters, time,
            logs.CreateLogger<PolicyKeeper>());
        _log = new DecisionLog(options.DecisionOutput, _meters);
        if (options.Operator is { } source)
        {
            _shipper = new EventShipper(_operator!, _meters, time);
            _sync = new OperatorSync(
                _operator!, _keeper, source.Namespace, source.Policy, _meters, time, logs.CreateLogger<OperatorSync>());
        }

        if (options.File is { } file) _file = new FileSync(file.Path, file.Compile, _keeper, time);
        var limits = options.Limits;
        var budget = new FairBudget(limits.BufferedBytesMax);
        _connections = new ConnectionTable(
            new ConnectionBounds(
                limits.ConnectionsMax, limits.ConnectionsPerClientMax, limits.FirstByteWithin + limits.HeadersWithin),
            time, _meters, peer => _active.Current?.Identity.IsTrusted(peer) is true);
        var room = new RequestRoom(limits.InspectedRequestsMax, _connections);
        _pipeline = new RequestPipeline(_active, options.WithoutPolicy, new InspectionServices(
            new StreamForwarder(logs, () => _active.Current?.Upstream ?? UpstreamSettings.Default),
            budget, room, _meters, _log, _shipper, options.Limits, time, options.Operator?.Pod,
            _models.Scorer, _pool));
        _server = new ProxyServer(options.Listeners, limits, _connections, time, new ServerRefusals(logs, _pipeline.Refused));
        _active.Replaced = next => _server.LimitHeads(next.Document.Head);
        if (options.Admin is { } admin)
            _admin = new AdminServer(
                admin, new AdminPages(Pages(), options.Metrics), limits, new AdminParts(time, _meters, logs));
        Observe(budget, room);
    }

    /// <summary>Endpoints of the listeners, with the ports that were taken.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints => _server.Endpoints;

    /// <summary>Address of the admin port, once started.</summary>
    public Uri? AdminAddress => _admin?.Address;

    /// <summary>
    /// A policy is in force, or none is needed to take traffic, and the sidecar is not shutting down.
    /// </summary>
    public bool IsReady =>
        (_active.Current is not null || _options.WithoutPolicy is FailureMode.Open) && !_isDraining;

    /// <summary>Loads the policy file, if one was given; null when that worked, else what is wrong.</summary>
    public string? LoadPolicyFile() => _file?.Load();

    /// <summary>Puts a document in force; null when that worked, else what is wrong.</summary>
    internal string? Load(PolicyDocument document) => _keeper.Load(document) ? null : _keeper.State.RejectedReason;

    /// <summary>Opens the ports and follows the policy.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_admin is not null) await _admin.StartAsync(cancellationToken);
        _background = Task.WhenAll(
            _sync is null ? Task.CompletedTask : RunAsync(_sync.RunAsync),
            _shipper is null ? Task.CompletedTask : RunAsync(_shipper.RunAsync),
            _file is null ? Task.CompletedTask : RunAsync(_file.RunAsync),
            RunAsync(RefreshModelsAsync),
            _operator is null ? Task.CompletedTask : RunAsync(AdoptLearnedAsync),
            // The operator takes statuses of injected pods only.
            _operator is null || _options.Listeners.All(listener => listener.IsForGateways) ? Task.CompletedTask
                : RunAsync(new StatusPusher(_operator, News, Status, (_meters, _time)).RunAsync),
            RunAsync(_models.SaveLoopAsync), RunAsync(cancelled => _replicas.RunAsync(Holds, cancelled)),
            _operator is null ? Task.CompletedTask : RunAsync(ReplicasOf(_options.Operator!).RunAsync));
        await _server.StartAsync(_pipeline.ProcessAsync, cancellationToken);
        LogStarted(_logger, string.Join(", ", Endpoints));
    }

    /// <summary>
    /// Not ready from now on, but serving for a while longer, until nobody sends any more; then requests in flight end,
    /// within the drain time; then the admin port closes.
    /// </summary>
    public async Task StopAsync(TimeSpan linger)
    {
        _isDraining = true;
        if (linger > TimeSpan.Zero) await Task.Delay(linger, _time);
        using var patience = new CancellationTokenSource(_options.Limits.DrainMax, _time);
        await _server.StopAsync(patience.Token);
        await _stopping.CancelAsync();
        await _background;
        await _log.DisposeAsync();
        if (_admin is not null) await _admin.StopAsync(CancellationToken.None);
    }

    /// <summary>What people wait for, as something that differs when it does.</summary>
    private (string?, string?, int) News() => (
        _active.Current?.Document.Revision, _keeper.State.RejectedRevision,
        _models.Statuses().Aggregate(0, (hash, model) => HashCode.Combine(hash, model.Digest, model.State)));

    private (HoldTable, long)? Holds() =>
        _active.Current?.Behaviour is { Mode: InspectionMode.Enforce } behaviour
            ? (behaviour.State.Holds, behaviour.Now) : null;

    private ReplicaSync ReplicasOf(OperatorOptions policy) => new(
        _operator!, (policy.Namespace, policy.Policy),
        () => _active.Current?.Document.Sharing is { Limits: LimitSharing.Divided }, _replicas.Count, _time);

    /// <summary>What the status page says.</summary>
    public SidecarStatus Status() => Status(withSketches: true);

    /// <summary>The same; what was learned is large, and is not always wanted.</summary>
    private SidecarStatus Status(bool withSketches)
    {
        var document = _active.Current?.Document;
        var state = _keeper.State;
        return new SidecarStatus
        {
            Version = _options.Version,
            StartedAt = _startedAt,
            Namespace = document?.Namespace ?? _options.Operator?.Namespace,
            Policy = document?.Name ?? _options.Operator?.Policy,
            Revision = document?.Revision,
            Generation = document?.Generation ?? 0,
            Mode = document?.Mode.ToString(),
            RejectedRevision = state.RejectedRevision,
            RejectedReason = state.RejectedReason,
            Source = state.Source?.ToString(),
            LastContact = state.LastContact,
            Requests = _meters.Counters(),
            Inspection = _meters.Inspection(),
            ExclusionHits = _meters.ExclusionHits,
            Models = [.. _models.Statuses(), .. _judges.Statuses],
            Rollouts = [.. (_active.Current?.Scoring?.Tallies ?? []).Select(t => t.Read())],
            Vocabulary = _meters.Vocabulary.Read(),
            ApiSchemas = _active.Current is { Schemas: { IsEmpty: false } schemas }
                ? schemas.Reports() : null,
            Learning = withSketches ? _models.Learning : _models.Progress,
            Sharing = document?.Sharing is null ? null : _replicas.Current.Report(),
        };
    }

    private List<IPackageSource> SourcesOf(SidecarOptions options)
    {
        var sources = new List<IPackageSource>();
        if (options.ModelsDirectory is { } folder) sources.Add(new FolderPackageSource(folder, PackageLimits.Default));
        if (_packages is not null)
            sources.Add(new OperatorPackageSource(
                _packages, options.Packages!.Folder, PackageLimits.Default));
        if (_operator is not null)
            sources.Add(new OperatorPackageSource(_operator, options.Operator!.StateDirectory, PackageLimits.Default));
        return sources;
    }

    private Task AdoptLearnedAsync(CancellationToken cancellationToken) => _models.AdoptLoopAsync(
        _operator!, _options.Operator!.Namespace, _options.Operator.Policy, cancellationToken);

    /// <summary>A package that was not to be had when its policy came is asked for again.</summary>
    private async Task RefreshModelsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ModelRetry, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (_models.HasUnloaded || _judges.HasUnloaded) _keeper.Refresh();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _background;
        await _server.DisposeAsync();
        _connections.Dispose();
        await _log.DisposeAsync();
        _admin?.Dispose();
        _operator?.Dispose();
        _packages?.Dispose();
        _pool.Dispose();
        _replicas.Dispose();
        _metrics.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(Func<CancellationToken, Task> loop)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await loop(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Traffic does not depend on these loops; they are started again.
                _meters.Incident("background_failed");
                LogBackground(_logger, failure);
                await Task.Delay(TimeSpan.FromSeconds(1), _time);
            }
        }
    }

    private Dictionary<string, AdminEntry> Pages() => new(StringComparer.Ordinal)
    {
        ["/healthz"] = new(AdminAudience.Anyone, () => AdminPage.Text(200, "ok")),
        ["/readyz"] = new(AdminAudience.Anyone, () => IsReady ? AdminPage.Text(200, "ok")
            : AdminPage.Text(503, _isDraining ? "shutting down" : "no policy was received yet")),
        ["/metrics"] = new(AdminAudience.Scraper, () => new AdminPage(
            200, MetricsPage.ContentType, _metrics.Write())),
        ["/status"] = new(AdminAudience.Pod, () => new AdminPage(
            200, "application/json", JsonSerializer.SerializeToUtf8Bytes(Status(), ProtocolJson.Default.SidecarStatus))),
        ["/behaviour"] = new(AdminAudience.Pod, () => new AdminPage(
            200, "application/json", BehaviourPage.Write(_active.Current?.Behaviour, _time.GetUtcNow()))),
        ["/version"] = new(AdminAudience.Anyone, () => AdminPage.Text(200, _options.Version)),
    };

    private void Observe(FairBudget budget, RequestRoom room)
    {
        var metrics = _meters.Metrics;
        metrics.BufferedBytes.From(() => budget.Taken);
        metrics.Connections.From(() => _connections.Count);
        metrics.InspectedRequests.From(() => room.Count);
        metrics.PoolCircuit.From(() => _pool.Circuit is { } state ? [new Sample(1, state.ToString())] : []);
        BehaviourPage.Observe(metrics, () => _active.Current?.Behaviour);
        SharingMetrics.Observe(metrics, _replicas);
        ApiSchemaMetrics.Observe(metrics, () => _active.Current?.Schemas);
        metrics.Ready.From(() => IsReady ? 1 : 0);
        metrics.PolicyInfo.From(() => _active.Current?.Document is not { } document ? []
            : [new Sample(
                1, document.Name, document.Revision, document.Mode.ToString(),
                _keeper.State.Source?.ToString() ?? "")]);
        metrics.PolicyReloads.From(() =>
            [new Sample(_keeper.State.Applied, "applied"), new Sample(_keeper.State.Rejected, "rejected")]);
        metrics.BuildInfo.From(() => [new Sample(1, _options.Version)]);
    }

    [LoggerMessage(1, LogLevel.Information, "listening on {Endpoints}")]
    private static partial void LogStarted(ILogger logger, string endpoints);

    [LoggerMessage(2, LogLevel.Error, "a background loop failed and is started again")]
    private static partial void LogBackground(ILogger logger, Exception failure);
}
