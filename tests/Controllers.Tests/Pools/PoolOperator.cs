using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Pools;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Pools;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>The part of the operator that runs pools, from its start to its end. Nothing of it outlives it.</summary>
internal sealed class PoolOperator : IAsyncDisposable
{
    private readonly InformerSet _informers = new();
    private readonly HttpClient _http = new();
    private readonly TestOutside _outside = TestOutside.Loopback(null);
    private readonly PoolMetrics _metrics = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PoolObserver _observer;
    private readonly PoolController _controller;
    private readonly ControllerLoop _loop;
    private readonly EventRecorder _events;
    private readonly Task _work;

    /// <param name="client">The operator's rights; stays the caller's.</param>
    /// <param name="packages">Where packages are.</param>
    /// <param name="port">Port of the servers.</param>
    /// <param name="time">The clock of decisions.</param>
    /// <param name="logs">Where logs go.</param>
    public PoolOperator(
        KubernetesClient client, IPackageReader packages, int port, TimeProvider time, ILoggerFactory logs)
    {
        var services = TestApiServer.Services with { Loggers = logs };
        var caches = PoolCaches.Add(_informers, client, services, PolicyCaches.Add(_informers, client, services));
        var asking = new PoolObserverOptions { Port = port, Interval = TimeSpan.FromMilliseconds(300) };
        _observer = new PoolObserver(caches.Pods, _http, asking, time, NullLogger<PoolObserver>.Instance);
        _events = new EventRecorder(client, "waf-operator", services);
        var settings = new PoolSettings(
            "registry.local/inference:1", "https://op.svc:9444", "waf-operator", "waf-operator-ca", "ca.crt")
        {
            ReachedFrom = ["waf-system"],
        };
        var cluster = new PoolCluster(client, new ParityProbe(_outside.Http, packages, asking, new PoolKeys(), time),
            settings, time);
        _controller = new PoolController(
            caches, _observer, cluster, new StatusWriter(client), _events, _metrics, time);
        _loop = new ControllerLoop("pools", _controller, new ControllerOptions(), services)
            .For(caches.Ours.Pools)
            .Watch(caches.Ours.Models, c => PoolsIn(caches, c.Key.Namespace))
            .Watch(caches.Ours.Policies, c => PoolsIn(caches, c.Key.Namespace))
            .Watch(caches.Rungs, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata))
            .Watch(caches.Pods, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata));
        _observer.Observed += _loop.Enqueue;
        _work = Task.WhenAll(
            _informers.RunAsync(_stop.Token), _events.RunAsync(_stop.Token), _loop.RunAsync(_stop.Token),
            ObserveAsync());
    }

    public Task WaitForSyncAsync() => _informers.WaitForSyncAsync(default);

    public void Look(NamespacedName pool) => _loop.Enqueue(pool);

    /// <summary>
    /// Ends everything that goes on by itself, and gives the controller: its view of the cluster stays as it is now.
    /// </summary>
    public async Task<PoolController> StandStillAsync()
    {
        await DisposeAsync();
        return _controller;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _work;
        _http.Dispose();
        _outside.Dispose();
        _stop.Dispose();
    }

    private static IEnumerable<NamespacedName> PoolsIn(PoolCaches caches, string ns) =>
        caches.Ours.Pools.Cache.ByNamespace.Find(ns).Select(p => p.Metadata.Key);

    private async Task ObserveAsync()
    {
        try
        {
            await _observer.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The operator ends.
        }
    }
}
