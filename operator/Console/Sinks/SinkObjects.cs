using WafOperator.Console.Store;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>
/// Serves the WafSinks of the cluster: one worker for each, begun anew when its spec changes, and its places in the
/// store go with it. Every replica does; leases say which of them sends.
/// </summary>
/// <param name="informer">Who watches them.</param>
/// <param name="parts">What they are served with.</param>
internal sealed class SinkObjects(Informer<Resource<WafSink>> informer, SinkParts parts) : IDisposable
{
    /// <summary>Sinks of one namespace that are served.</summary>
    public const int OfNamespaceMax = 10;

    /// <summary>Sinks of all namespaces that are served.</summary>
    public const int Max = 200;

    /// <summary>Sinks beyond these that are told so.</summary>
    private const int ToldMax = 100;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0);

    public void Dispose() => _changed.Dispose();

    /// <summary>Runs until cancelled, whatever goes wrong on the way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var watching = informer.RunAsync(cancellationToken);
        try
        {
            await informer.WaitForSyncAsync(cancellationToken);
            informer.Subscribe(_ => _changed.Release());
            while (!cancellationToken.IsCancellationRequested)
            {
                await LookAsync(cancellationToken);
                await _changed.WaitAsync(LookEvery, cancellationToken);
                while (_changed.Wait(0, cancellationToken))
                {
                    // Many changes are one look.
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The normal end.
        }

        foreach (var running in _running.Values) await running.StopAsync();
        await watching;
    }

    /// <summary>Which of the sinks have a place: the oldest, of each namespace and of all. Pure.</summary>
    internal static HashSet<string> WithPlace(IEnumerable<Resource<WafSink>> sinks)
    {
        var ofNamespace = new Dictionary<string, int>(StringComparer.Ordinal);
        var served = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sink in sinks.OrderBy(s => s.Metadata.CreationTimestamp)
            .ThenBy(s => s.Metadata.Uid, StringComparer.Ordinal))
        {
            var ns = sink.Metadata.Namespace ?? "";
            var count = ofNamespace.GetValueOrDefault(ns);
            if (count >= OfNamespaceMax || served.Count >= Max) continue;
            ofNamespace[ns] = count + 1;
            served.Add(sink.Metadata.Uid);
        }

        return served;
    }

    /// <summary>Makes what runs equal to what there is.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var sinks = informer.Cache.List().Where(s => !s.Metadata.IsBeingDeleted).ToList();
        var served = WithPlace(sinks);
        var wanted = sinks.ToDictionary(s => s.Metadata.Uid, StringComparer.Ordinal);
        foreach (var (uid, running) in _running.ToList())
        {
            if (wanted.TryGetValue(uid, out var sink) && running.Serves(sink, served.Contains(uid))) continue;
            await running.StopAsync();
            _running.Remove(uid);
        }

        var told = wanted.Keys.Where(uid => !served.Contains(uid)).Order(StringComparer.Ordinal).Take(ToldMax)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (uid, sink) in wanted)
        {
            if (!_running.ContainsKey(uid) && (served.Contains(uid) || told.Contains(uid)))
                _running[uid] = Running.Start(sink, served.Contains(uid), parts);
        }

        await ForgetAsync(wanted.Keys, cancellationToken);
    }

    /// <summary>
    /// Removes the places of sinks that are gone, also of those that went while no console ran. What this replica
    /// knows may be older than a sink that another one serves: the API server is asked before anything is removed, and
    /// after the places were listed, so that no sink is younger than the answer.
    /// </summary>
    internal async Task ForgetAsync(IEnumerable<string> there, CancellationToken cancellationToken)
    {
        var names = there.Select(uid => WafSinkOptions.NamePrefix + uid).ToHashSet(StringComparer.Ordinal);
        try
        {
            foreach (var kind in new[] { SinkFeed.CursorKind, SetAside.Kind })
            {
                var documents = await parts.Store.ListDocumentsAsync(kind, cancellationToken);
                var gone = documents.Keys.Where(name =>
                    name.StartsWith(WafSinkOptions.NamePrefix, StringComparison.Ordinal) && !names.Contains(name))
                    .ToList();
                if (gone.Count == 0) continue;
                foreach (var uid in await parts.Statuses.UidsAsync(cancellationToken))
                    gone.Remove(WafSinkOptions.NamePrefix + uid);
                foreach (var name in gone) await parts.Store.PutDocumentAsync(kind, name, null, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is StoreException or KubernetesException)
        {
            SinkLog.NotForgotten(parts.Logger, failure.Message);
        }
    }

    /// <summary>A worker that runs, and for what.</summary>
    private sealed class Running : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SinkObject _object;
        private readonly Task _work;
        private readonly (long Generation, bool HasPlace) _for;

        private Running(Resource<WafSink> sink, bool hasPlace, SinkParts parts)
        {
            _for = (sink.Metadata.Generation, hasPlace);
            _object = new SinkObject(sink, hasPlace, parts);
            _work = _object.RunAsync(_stop.Token);
        }

        public static Running Start(Resource<WafSink> sink, bool hasPlace, SinkParts parts) =>
            new(sink, hasPlace, parts);

        public bool Serves(Resource<WafSink> sink, bool hasPlace) => _for == (sink.Metadata.Generation, hasPlace);

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
            Dispose();
        }

        public void Dispose()
        {
            _object.Dispose();
            _stop.Dispose();
        }
    }
}
