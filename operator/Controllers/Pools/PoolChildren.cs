using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Pools;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Pools;

/// <summary>
/// Writes what a pool owns, by server-side apply with a field manager of its own, and only when it is not as it should
/// be. What belongs to somebody else is never touched: that is a reason to refuse.
/// </summary>
internal sealed class PoolChildren(KubernetesClient client, TimeProvider time)
{
    private const string FieldManager = "waf-operator-pools";

    /// <summary>Changes that leave the generation alone (labels) are put right by then.</summary>
    private static readonly TimeSpan ApplyAgain = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<(string Kind, NamespacedName Key), Applied> _applied = new();

    /// <summary>Makes an object as it should be.</summary>
    /// <returns>Why it must not be touched, or null.</returns>
    public async Task<string?> EnsureAsync(
        Resource<InferencePool> pool, ResourceType<KubernetesObject> type, JsonObject body,
        CancellationToken cancellationToken)
    {
        var key = new NamespacedName(pool.Metadata.Namespace ?? "", body["metadata"]!["name"]!.GetValue<string>());
        var found = await client.TryGetAsync(type, key, cancellationToken);
        if (found is not null && RefusalOf(found, pool.Metadata) is { } refusal)
            return $"{type.Kind} {key.Name} {refusal}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body.ToJsonString())));
        var now = time.GetUtcNow();
        if (found is not null && _applied.TryGetValue((type.Kind, key), out var last) && last.Hash == hash
            && last.State == StateOf(found) && now - last.At < ApplyAgain)
            return null;
        var written =
            await client.ApplyAsync(type, body, new ApplyOptions { FieldManager = FieldManager }, cancellationToken);
        _applied[(type.Kind, key)] = new Applied(hash, StateOf(written), now);
        return null;
    }

    /// <summary>Deletes an object if it is the pool's.</summary>
    public async Task RemoveAsync(
        Resource<InferencePool> pool, ResourceType<KubernetesObject> type, NamespacedName key,
        CancellationToken cancellationToken)
    {
        var found = await client.TryGetAsync(type, key, cancellationToken);
        _applied.TryRemove((type.Kind, key), out _);
        if (found is null || found.Metadata.IsBeingDeleted) return;
        if (found.Metadata.Controller?.Uid != pool.Metadata.Uid) return;
        await client.DeleteAsync(type, key, new DeleteOptions { Uid = found.Metadata.Uid }, cancellationToken);
    }

    /// <summary>Whether this process applied such an object, or does not know yet whether there is one.</summary>
    public bool MayExist(ResourceType type, NamespacedName key) =>
        !_applied.TryGetValue((type.Kind, key), out var last) || last.Hash.Length > 0;

    /// <summary>Remembers that there is none.</summary>
    public void MarkAbsent(ResourceType type, NamespacedName key) =>
        _applied[(type.Kind, key)] = new Applied("", "", time.GetUtcNow());

    /// <summary>Forgets a pool that is gone; its objects go by their owner references.</summary>
    public void Forget(NamespacedName pool)
    {
        foreach (var known in _applied.Keys)
        {
            if (known.Key.Namespace == pool.Namespace && known.Key.Name.StartsWith(pool.Name, StringComparison.Ordinal))
                _applied.TryRemove(known, out _);
        }
    }

    /// <summary>
    /// Ours are those that we control, and orphans with our labels (a pool deleted with <c>--cascade=orphan</c>).
    /// </summary>
    internal static string? RefusalOf(KubernetesObject found, ObjectMeta pool)
    {
        if (found.Metadata.IsBeingDeleted) return "is being deleted; the pool waits for that";
        if (found.Metadata.Controller is { } owner)
            return owner.Uid == pool.Uid ? null : $"belongs to {owner.Kind} {owner.Name}; rename the pool or remove it";
        var isOrphan = PoolNames.PoolOf(found.Metadata) == pool.Key
            && found.Metadata.Labels.GetValueOrDefault(PoolNames.ManagedByLabel) == PoolNames.ManagedBy;
        return isOrphan ? null : "exists and is not the pool's; rename the pool or remove it";
    }

    private static string StateOf(KubernetesObject found) => found.Metadata.Generation > 0
        ? PoolNames.Text((int)found.Metadata.Generation)
        : found.Metadata.ResourceVersion;

    private sealed record Applied(string Hash, string State, DateTimeOffset At);
}
