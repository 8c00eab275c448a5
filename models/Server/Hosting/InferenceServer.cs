using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Endpoints;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Telemetry;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Telemetry;

namespace WafOperator.Models.Server.Hosting;

/// <summary>
/// The inference server as one object: models, queue, workers, port. Start it, stop it; a program does the rest.
/// </summary>
internal sealed partial class InferenceServer : IAsyncDisposable
{
    private readonly ServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<InferenceServer> _logger;
    private readonly OrtRuntime _runtime;
    private readonly ServerMeters _meters;
    private readonly MetricsPage _metrics;
    private readonly BatchLoop _loop;
    private readonly ModelRepository _repository = new();
    private readonly RepositoryKeeper _keeper;
    private readonly PackageFolder? _folder;
    private readonly OperatorClient? _operator;
    private readonly PoolFollower? _follower;
    private readonly WebApplication _web;
    private readonly SharedPort _port;
    private readonly DateTimeOffset _startedAt;
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;
    private volatile bool _isDraining;
    private volatile bool _isFolderLoaded;

    /// <param name="options">Settings.</param>
    /// <param name="runtime">ONNX Runtime; stays the caller's.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logs">Where logs go.</param>
    public InferenceServer(ServerOptions options, OrtRuntime runtime, TimeProvider time, ILoggerFactory logs)
    {
        (_options, _runtime, _time) = (options, runtime, time);
        _logger = logs.CreateLogger<InferenceServer>();
        _startedAt = time.GetUtcNow();
        _meters = new ServerMeters(time);
        _loop = new BatchLoop(options.Batching, options.Workers, _meters, time, logs.CreateLogger<BatchLoop>());
        if (options.ModelsDirectory is { } folder) _folder = new PackageFolder(folder, PackageLimits.Default);
        if (options.Operator is { } address) _operator = new OperatorClient(address);
        _keeper = new RepositoryKeeper(
            _repository, Sources(), new PackageLoader(runtime, LoaderOf(options)),
            logs.CreateLogger<RepositoryKeeper>());
        if (_operator is not null && options.Pool is { } pool)
            _follower = new PoolFollower(
                _operator, pool, _keeper, options.StateDirectory, time, logs.CreateLogger<PoolFollower>());
        var infer = new InferEndpoint(
            _repository, _loop, _meters, new EndpointSettings(options.Requests, options.Batching), time);
        var changeable = options.AllowsRepositoryChanges ? _folder : null;
        var pages = new ModelPages(_repository, _keeper, changeable, options.Requests, options.Version);
        _metrics = new MetricsPage([MetricsPage.RuntimeMeter], _meters.Metrics.Set);
        var application = new ServerApplication(
            infer, pages, _meters, _metrics, Status, new CallerCheck(() => _follower?.Access, time),
            logs.CreateLogger<ServerApplication>());
        (_web, _port) = WebServer.Build(options, time, logs);
        _web.Run(application.HandleAsync);
        Observe(infer);
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public Uri Address
    {
        get
        {
            var address = _port.Endpoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : _port.Endpoint.Address;
            return new Uri($"http://{new IPEndPoint(address, _port.Endpoint.Port)}");
        }
    }

    /// <summary>Opens the port and loads models; those of a folder before this returns.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _web.StartAsync(cancellationToken);
        LogStarted(
            _logger, _port.Endpoint.ToString(), _options.Provider.ToString(), _options.Precision.ToString(),
            _runtime.Version);
        if (_follower is not null)
        {
            _background = FollowAsync(_follower);
        }
        else if (_folder is not null)
        {
            await _keeper.ApplyAsync(await _keeper.ReadFolderAsync(_folder, cancellationToken), cancellationToken);
            _isFolderLoaded = true;
        }
    }

    /// <summary>
    /// Not ready from now on, but serving for a while longer, until nobody sends any more; then what is in flight
    /// ends, within the drain time.
    /// </summary>
    public async Task StopAsync()
    {
        _isDraining = true;
        LogDraining(_logger);
        if (_options.Linger > TimeSpan.Zero) await Task.Delay(_options.Linger, _time);
        await _stopping.CancelAsync();
        using var patience = new CancellationTokenSource(_options.Drain, _time);
        await _web.StopAsync(patience.Token);
        await _background;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _background;
        await _web.DisposeAsync();
        _loop.Dispose();
        foreach (var (model, version) in _repository.Known()) _repository.Remove(model, version);
        _operator?.Dispose();
        _keeper.Dispose();
        _metrics.Dispose();
        _stopping.Dispose();
    }

    /// <summary>What the status page says.</summary>
    public PoolServerStatus Status() => new()
    {
        Version = _options.Version,
        StartedAt = _startedAt,
        Pod = _options.Pod,
        NotReady = NotReady(),
        IsDraining = _isDraining,
        Revision = _follower?.Document?.Revision,
        LastContact = _follower?.LastContact,
        Provider = _options.Provider.ToString(),
        Precision = _options.Precision.ToString(),
        OnnxRuntime = _runtime.Version,
        QueueLength = _loop.Waiting.Length,
        QueueDelayMicrosecondsP95 = (long)_meters.QueueDelayP95.TotalMicroseconds,
        Requests = _meters.Requests,
        Models = _repository.Statuses(),
    };

    private string? NotReady()
    {
        if (_isDraining) return "the server is shutting down";
        if (_follower is not null)
        {
            if (_follower.Document is not { } document) return "no pool document was received yet";
            var statuses = _repository.Statuses();
            return document.Models.Where(m => m.IsRequired)
                .Select(m => statuses.FirstOrDefault(s => s.Model == m.Model && s.Version == m.Package.Version))
                .Where(s => s is not { State: "READY" })
                .Select(s => s is null
                    ? "a required model is not known yet"
                    : $"{s.Model} {s.Version} is {s.State}: {s.Reason}")
                .FirstOrDefault();
        }

        if (_folder is not null && !_isFolderLoaded) return "models are being loaded";
        return _repository.Statuses().Where(s => s.State != "READY")
            .Select(s => $"{s.Model} {s.Version} is {s.State}: {s.Reason}").FirstOrDefault();
    }

    private async Task FollowAsync(PoolFollower follower)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await follower.RunAsync(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // What is served does not depend on this loop; it is started again.
                LogBackground(_logger, failure);
                await Task.Delay(TimeSpan.FromSeconds(1), _time);
            }
        }
    }

    private List<IPackageSource> Sources()
    {
        var sources = new List<IPackageSource>();
        if (_folder is not null) sources.Add(_folder);
        if (_operator is not null)
            sources.Add(new OperatorPackages(_operator, _options.StateDirectory, PackageLimits.Default));
        return sources;
    }

    private static LoaderOptions LoaderOf(ServerOptions options) => new()
    {
        Session = new OrtSessionOptions
        {
            Provider = options.Provider, DeviceId = options.Device, IntraOpThreads = options.Threads,
        },
        Precision = options.Precision,
        PublicKeyPem = options.PublicKeyPem,
        Batching = options.Batching,
    };

    private void Observe(InferEndpoint infer)
    {
        var metrics = _meters.Metrics;
        metrics.QueueLength.From(() => _loop.Waiting.Length);
        metrics.QueueTokens.From(() => _loop.Waiting.Tokens);
        metrics.HeldBytes.From(() => infer.HeldBytes);
        metrics.Ready.From(() => NotReady() is null ? 1 : 0);
        metrics.Models.From(() => _repository.Statuses().GroupBy(s => s.State)
            .Select(g => new Sample(g.Count(), g.Key)));
        metrics.BuildInfo.From(() =>
        [
            new Sample(
                1, _options.Version, _options.Provider.ToString(), _options.Precision.ToString(), _runtime.Version),
        ]);
    }

    [LoggerMessage(740, LogLevel.Information,
        "listening on {Endpoint}, provider {Provider}, precision {Precision}, ONNX Runtime {Version}")]
    private static partial void LogStarted(
        ILogger logger, string endpoint, string provider, string precision, string version);

    [LoggerMessage(741, LogLevel.Information, "not ready any more; finishing what is in flight")]
    private static partial void LogDraining(ILogger logger);

    [LoggerMessage(742, LogLevel.Error, "the pool's follower failed and is started again")]
    private static partial void LogBackground(ILogger logger, Exception failure);
}
