using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;

namespace WafOperator.Kubernetes.Watching;

/// <summary>
/// Keeps a cache equal to the cluster: lists once, then watches, resuming from the last version it saw; lists again
/// only when that version expired or resuming keeps failing. Subscribers are called in order, one change at a time, and
/// should only put keys into a queue. One instance per resource type, shared by all that need it.
/// </summary>
public sealed class Informer<TObject> : IInformer
    where TObject : class, IKubernetesObject
{
    private const int ResumesMax = 3;
    private readonly KubernetesClient _client;
    private readonly ResourceType<TObject> _type;
    private readonly InformerOptions _options;
    private readonly RuntimeServices _services;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _dispatch = new();
    private readonly List<Action<InformerChange<TObject>>> _subscribers = [];
    private volatile string? _problem;
    private string? _version;
    private int _failures;

    public Informer(
        KubernetesClient client, ResourceType<TObject> type, InformerOptions options, RuntimeServices services)
    {
        _client = client;
        _type = type;
        _options = options;
        _services = services;
        _logger = services.Loggers.CreateLogger<Informer<TObject>>();
    }

    public InformerCache<TObject> Cache { get; } = new();

    public string Name => _type.QualifiedName;

    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    public string? LastProblem => _problem;

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Calls <paramref name="handler"/> for each change from now on, and first once for every object that is there.
    /// </summary>
    public void Subscribe(Action<InformerChange<TObject>> handler)
    {
        lock (_dispatch)
        {
            foreach (var existing in Cache.List())
                Call(handler, new InformerChange<TObject>(existing.Metadata.Key, existing, null));
            _subscribers.Add(handler);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await OnceAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it was, the cache stays and the next attempt may succeed.
                Failed(e);
            }

            if (_failures == 0) continue;
            var wait = _services.Jitter.BackOff(_failures, _options.BackOffFirst, _options.BackOffMax);
            await Task.Delay(wait, _services.Time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A list if one is needed, then one watch until it ends.</summary>
    private async Task OnceAsync(CancellationToken cancellationToken)
    {
        if (_version is null)
        {
            var list = await _client.ListAsync(_type, _options.Selection, cancellationToken);
            RuntimeMetrics.Listed(Name);
            foreach (var bad in list.Unreadable)
                InformerLog.Unreadable(_logger, Name, bad.Metadata.Key.ToString(), bad.Problem);
            lock (_dispatch)
            {
                foreach (var change in Cache.Replace(list)) Dispatch(change);
            }

            _version = list.ResourceVersion;
            _problem = null;
            if (_synced.TrySetResult()) InformerLog.Synced(_logger, Name, list.Items.Count);
        }

        var started = _services.Time.GetTimestamp();
        var duration = _services.Jitter.Longer(_options.Limits.Duration, 1);
        var limits = _options.Limits with { Duration = duration };
        await foreach (var e in _client.WatchAsync(_type, _options.Selection, _version, limits, cancellationToken))
            Received(e);
        RuntimeMetrics.WatchEnded(Name, "closed");
        // Servers end watches after minutes; one that ends them at once must not be asked in a tight loop.
        var hasty = _services.Time.GetElapsedTime(started) < TimeSpan.FromSeconds(1);
        _failures = hasty ? _failures + 1 : 0;
        if (_failures > ResumesMax) _version = null;
    }

    private void Received(WatchEvent<TObject> e)
    {
        _problem = null;
        if (e is WatchEvent<TObject>.Opened) return; // only what comes through it proves that the watch works
        RuntimeMetrics.WatchEvent(Name);
        if (e is WatchEvent<TObject>.Unreadable { IsDeleted: false } bad)
            InformerLog.Unreadable(_logger, Name, bad.Metadata.Key.ToString(), bad.Problem);
        lock (_dispatch)
        {
            if (Cache.Apply(e) is { } change) Dispatch(change);
        }

        var version = e switch
        {
            WatchEvent<TObject>.Changed changed => changed.Value.Metadata.ResourceVersion,
            WatchEvent<TObject>.Deleted deleted => deleted.Value.Metadata.ResourceVersion,
            WatchEvent<TObject>.Unreadable unreadable => unreadable.Metadata.ResourceVersion,
            WatchEvent<TObject>.Bookmark bookmark => bookmark.ResourceVersion,
            _ => "",
        };
        if (version.Length > 0) _version = version;
        _failures = 0;
    }

    private void Failed(Exception e)
    {
        if (e is KubernetesUnreachableException { IsSilence: true })
        {
            RuntimeMetrics.WatchEnded(Name, "silent");
            InformerLog.Silent(_logger, Name, _options.Limits.SilenceMax.TotalSeconds);
            return; // if the server is gone, connecting anew will tell
        }

        var expired = e is KubernetesApiException { IsExpired: true };
        RuntimeMetrics.WatchEnded(Name, expired ? "expired" : "failed");
        _failures++;
        // A refusal other than "later" means that the version, the rights or the kind are not what they were.
        if (expired || _failures > ResumesMax || e is KubernetesApiException { IsTransient: false }) _version = null;
        if (expired)
        {
            InformerLog.Expired(_logger, Name);
            return;
        }

        _problem = e.Message;
        if (e is KubernetesException) InformerLog.Failed(_logger, Name, e.Message, _failures);
        else InformerLog.Bug(_logger, e, Name);
    }

    private void Dispatch(InformerChange<TObject> change)
    {
        foreach (var subscriber in _subscribers) Call(subscriber, change);
    }

    private void Call(Action<InformerChange<TObject>> handler, InformerChange<TObject> change)
    {
        try
        {
            handler(change);
        }
        catch (Exception e)
        {
            // One subscriber's bug must not cost the others their changes.
            InformerLog.Bug(_logger, e, Name);
        }
    }
}
