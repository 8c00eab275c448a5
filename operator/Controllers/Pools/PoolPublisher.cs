using Microsoft.Extensions.Logging;
using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;

namespace WafOperator.Controllers.Pools;

/// <summary>Where pool documents go: the distribution, which serves them to the pool's servers.</summary>
public interface IPoolSink
{
    /// <summary>Puts a document in force. False when this revision is in force already.</summary>
    bool Publish(NamespacedName key, PoolDocument document);

    /// <summary>The pool was deleted.</summary>
    void Remove(NamespacedName key);
}

/// <summary>
/// Says which models each pool is to serve. Runs on every replica, since every replica serves pools; it writes nothing
/// to the cluster.
/// </summary>
public sealed partial class PoolPublisher(
    PolicyCaches caches, PublicKeys publicKeys, PoolKeys poolKeys, IPoolSink sink, ILogger<PoolPublisher> logger)
    : IReconciler
{
    private static readonly TimeSpan KeyWithin = TimeSpan.FromSeconds(5);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (caches.Pools.Cache.Get(key) is not { Metadata.IsBeingDeleted: false })
        {
            sink.Remove(key);
            return ReconcileResult.Done;
        }

        // Without keys its servers would answer anybody.
        if (!poolKeys.IsKnown) return ReconcileResult.After(KeyWithin);
        var versions = caches.Models.Cache.ByNamespace.Find(key.Namespace).Select(m => m.Value)
            .Where(v => PoolModels.IsServedBy(v, key.Name)).ToList();
        var secrets = PublicKeys.NamesOf([.. versions.Select(v => v.Spec.Artifact.Signature)]).ToList();
        var keys = await publicKeys.ReadAsync(key.Namespace, secrets, cancellationToken);
        var document = PoolDocument.Of(key.Namespace, key.Name, PoolModels.Of(key.Name, versions, keys),
            poolKeys.Of(key));
        if (sink.Publish(key, document)) LogPublished(key.ToString(), document.Revision[..12], document.Models.Count);
        // A Secret that comes later is no event here.
        return secrets.Count > keys.Count ? ReconcileResult.After(TimeSpan.FromMinutes(1)) : ReconcileResult.Done;
    }

    [LoggerMessage(4502, LogLevel.Information, "Pool {Pool}: revision {Revision} in force ({Models} models)")]
    private partial void LogPublished(string pool, string revision, int models);
}
