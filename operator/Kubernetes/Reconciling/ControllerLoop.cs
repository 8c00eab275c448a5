using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Reconciling;

/// <summary>
/// Runs one reconciler: informers put keys into its queue, workers take them out. A failing key backs off and the
/// others go on; a bug in the reconciler is caught, counted and retried like any failure. Add all watches before
/// <see cref="RunAsync"/>, which may be run again after it ended (leadership lost and won).
/// </summary>
public sealed class ControllerLoop
{
    private readonly string _name;
    private readonly IReconciler _reconciler;
    private readonly ControllerOptions _options;
    private readonly RuntimeServices _services;
    private readonly ILogger _logger;
    private readonly List<IInformer> _informers = [];
    private readonly List<Func<IEnumerable<NamespacedName>>> _everything = [];
    private volatile WorkQueue? _queue;

    public ControllerLoop(string name, IReconciler reconciler, ControllerOptions options, RuntimeServices services)
    {
        _name = name;
        _reconciler = reconciler;
        _options = options;
        _services = services;
        _logger = services.Loggers.CreateLogger<ControllerLoop>();
    }

    public string Name => _name;

    /// <summary>Each change of a watched object enqueues that object's own key.</summary>
    public ControllerLoop For<TObject>(Informer<TObject> informer)
        where TObject : class, IKubernetesObject => Watch(informer, static change => [change.Key]);

    /// <summary>
    /// Each change enqueues the keys that <paramref name="map"/> gives: of the owner, or of all that refer to the
    /// object. To leave changes out, give no keys.
    /// </summary>
    public ControllerLoop Watch<TObject>(
        Informer<TObject> informer, Func<InformerChange<TObject>, IEnumerable<NamespacedName>> map)
        where TObject : class, IKubernetesObject
    {
        _informers.Add(informer);
        _everything.Add(() => informer.Cache.List()
            .SelectMany(o => map(new InformerChange<TObject>(o.Metadata.Key, o, null))));
        // What was never readable is in no list, and still has somebody who must hear of it.
        _everything.Add(() => informer.Cache.UnreadableKeys()
            .SelectMany(key => map(new InformerChange<TObject>(key, null, null))));
        informer.Subscribe(change =>
        {
            if (_queue is not { } queue) return; // not running: RunAsync starts from the whole cache
            foreach (var key in map(change)) queue.Add(key);
        });
        return this;
    }

    /// <summary>Works on a key whenever the loop starts, whether there is an object of that name or not.</summary>
    public ControllerLoop Always(NamespacedName key)
    {
        _everything.Add(() => [key]);
        return this;
    }

    /// <summary>Enqueues a key from outside (a timer, a channel). Lost while the loop does not run.</summary>
    public void Enqueue(NamespacedName key) => _queue?.Add(key);

    /// <summary>Waits for the caches, then works until cancelled; returns when the last reconcile ended.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var queue = new WorkQueue(_name, _options.Queue, _services.Time, _services.Jitter);
        _queue = queue;
        try
        {
            await Task.WhenAll(_informers.Select(informer => informer.WaitForSyncAsync(cancellationToken)));
            var everything = _everything.SelectMany(keys => keys());
            foreach (var key in _options.Rank is { } rank ? everything.OrderBy(rank) : everything) queue.Add(key);
            ControllerLog.Started(_logger, _name, _options.Workers);
            await using var stop = cancellationToken.Register(queue.Stop);
            await Task.WhenAll(Enumerable.Range(0, _options.Workers).Select(_ => WorkAsync(queue, cancellationToken)));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping is the normal end.
        }
        finally
        {
            _queue = null;
        }
    }

    private async Task WorkAsync(WorkQueue queue, CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (await queue.TakeAsync(CancellationToken.None) is { } key)
        {
            try
            {
                await ReconcileAsync(queue, key, cancellationToken);
            }
            finally
            {
                queue.Done(key);
            }
        }
    }

    private async Task ReconcileAsync(WorkQueue queue, NamespacedName key, CancellationToken cancellationToken)
    {
        var started = _services.Time.GetTimestamp();
        var span = RuntimeTraces.Reconcile(_name, key);
        using var limit = new CancellationTokenSource(_options.ReconcileTimeMax, _services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        string result;
        try
        {
            var outcome = await _reconciler.ReconcileAsync(key, both.Token);
            queue.Forget(key);
            if (outcome.RequeueAfter is { } delay) queue.AddAfter(key, delay);
            result = outcome.RequeueAfter is null ? "done" : "requeued";
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            result = "stopped";
        }
        catch (TerminalReconcileException e)
        {
            queue.Forget(key);
            ControllerLog.Terminal(_logger, _name, key.ToString(), e.Message);
            result = "terminal";
        }
        catch (Exception e)
        {
            // The loop must survive any reconciler.
            result = Failed(queue, key, e, limit.IsCancellationRequested);
        }

        RuntimeMetrics.Reconciled(_name, result, _services.Time.GetElapsedTime(started));
        RuntimeTraces.Reconciled(span, result);
    }

    private string Failed(WorkQueue queue, NamespacedName key, Exception e, bool timedOut)
    {
        queue.AddRateLimited(key);
        var failures = queue.FailuresOf(key);
        switch (e)
        {
            case KubernetesApiException { IsConflict: true }:
                ControllerLog.Conflict(_logger, _name, key.ToString(), e.Message);
                return "conflict";
            case KubernetesException:
                ControllerLog.Failed(_logger, _name, key.ToString(), failures, e.Message);
                return "failed";
            case OperationCanceledException when timedOut:
                ControllerLog.TimedOut(_logger, _name, key.ToString(), _options.ReconcileTimeMax.TotalSeconds);
                return "timeout";
            default:
                RuntimeMetrics.Panicked(_name);
                ControllerLog.Panicked(_logger, e, _name, key.ToString(), failures);
                return "panic";
        }
    }
}
