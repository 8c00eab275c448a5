using System.Text.Json;
using WafOperator.Controllers;
using WafOperator.Controllers.Certificates;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Pools;
using WafOperator.Distribution.Policies;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;
using WafOperator.Outside;
using WafOperator.Pools;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;

namespace WafOperator.Operator.Host;

/// <summary>
/// The controllers of inference pools. Every replica says which models a pool is to serve; only the leader makes and
/// scales its servers.
/// </summary>
internal sealed class PoolPlane
{
    private readonly PolicyStore _store;
    private readonly PolicyCaches _ours;
    private readonly InformerSet _informers;
    private readonly RuntimeServices _services;
    private readonly ControllerLoop _publishing;
    private readonly ControllerLoop _controlling;
    private readonly PoolObserver _observer;
    private readonly PoolMetrics _metrics;

    public PoolPlane(
        OperatorOptions options, KubernetesClient client, RuntimeServices services, InformerSet informers,
        PolicyCaches ours,
        Informer<KubernetesObject> keySecret, EventRecorder events, PoolParts parts)
    {
        (_store, _ours, _informers, _services, _metrics) = (parts.Store, ours, informers, services, parts.Metrics);
        var caches = PoolCaches.Add(informers, client, services, ours);
        var asking = new PoolObserverOptions();
        _observer = new PoolObserver(
            caches.Pods, parts.Pods, asking, services.Time, services.Loggers.CreateLogger<PoolObserver>());
        var publisher = new PoolPublisher(
            ours, new PublicKeys(client, services.Time, options.Trust), parts.Keys, new PoolSink(_store),
            services.Loggers.CreateLogger<PoolPublisher>());
        _publishing = new ControllerLoop("pool-publisher", publisher, new ControllerOptions { Workers = 1 }, services)
            .Watch(ours.Pools, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata) ? [c.Key] : [])
            .Watch(ours.Models, c => PoolsIn(c.Key.Namespace))
            .Watch(keySecret, _ => ours.Pools.Cache.List().Select(pool => pool.Metadata.Key));
        var cluster = new PoolCluster(
            client, new ParityProbe(parts.Outside, parts.Packages, asking, parts.Keys, services.Time),
            SettingsOf(options), services.Time);
        var controller = new PoolController(
            caches, _observer, cluster, new StatusWriter(client), events, parts.Metrics, services.Time);
        _controlling = new ControllerLoop("pools", controller, new ControllerOptions(), services)
            .For(ours.Pools)
            .Watch(ours.Models, c => PoolsIn(c.Key.Namespace))
            .Watch(ours.Policies,
                c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata) ? PoolsIn(c.Key.Namespace) : [])
            .Watch(caches.Rungs, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata))
            .Watch(caches.Pods, c => PoolCaches.OwnerOf((c.Current ?? c.Previous)?.Metadata));
        _observer.Observed += _controlling.Enqueue;
    }

    /// <summary>What every replica does.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_publishing.RunAsync(cancellationToken), MarkStoreSyncedAsync(cancellationToken));

    /// <summary>What the leader does.</summary>
    public async Task LeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_controlling.RunAsync(cancellationToken), _observer.RunAsync(cancellationToken));
        }
        finally
        {
            _metrics.Clear();
        }
    }

    /// <summary>A server must not hear "no such pool" only because this replica is young.</summary>
    private async Task MarkStoreSyncedAsync(CancellationToken cancellationToken)
    {
        await _informers.WaitForSyncAsync(cancellationToken);
        while (_ours.Pools.Cache.List()
            .Any(p => !p.Metadata.IsBeingDeleted && _store.Find(PoolSink.KeyOf(p.Metadata.Key)) is null))
            await Task.Delay(TimeSpan.FromMilliseconds(50), _services.Time, cancellationToken);
        _store.MarkSynced();
    }

    private IEnumerable<NamespacedName> PoolsIn(string ns) =>
        _ours.Pools.Cache.ByNamespace.Find(ns).Select(p => p.Metadata.Key);

    private static bool IsSpecChange(ObjectMeta? current, ObjectMeta? previous) =>
        current?.Generation != previous?.Generation || current?.Uid != previous?.Uid
        || current?.IsBeingDeleted != previous?.IsBeingDeleted;

    private static PoolSettings SettingsOf(OperatorOptions options) => new(
        options.InferenceImage ?? "", options.DistributionUrl, ClusterTokenReviewer.Audience,
        TrustBundleController.ConfigMapName, TrustBundleController.BundleKey)
    {
        ReachedFrom = options.ClosePools ? [.. options.PoolsReachedFrom.Prepend(options.Namespace).Distinct()] : null,
    };
}

/// <summary>What pools share with the rest of the program.</summary>
internal sealed record PoolParts(
    PolicyStore Store, IPackageReader Packages, HttpClient Pods, OutsideHttp Outside, PoolMetrics Metrics,
        PoolKeys Keys);

/// <summary>Hands pool documents to the distribution.</summary>
internal sealed class PoolSink(PolicyStore store) : IPoolSink
{
    public static PolicyKey KeyOf(NamespacedName pool) => new(pool.Namespace, pool.Name);

    public bool Publish(NamespacedName key, PoolDocument document) => store.Publish(
        KeyOf(key),
        new PublishedPolicy(
            document.Revision, JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PoolDocument)));

    public void Remove(NamespacedName key) => store.Remove(KeyOf(key));
}
