using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Keeps a ConfigMap with the operator's bundle in each namespace that has sidecars or policies: sidecars mount it to trust the
/// distribution. It is watched: what somebody changes, deletes or fixes with a text of their own is put right at once.
/// Runs on the leader; keys are namespaces.
/// </summary>
/// <param name="client">The API server.</param>
/// <param name="bundles">What is there, and what should be.</param>
/// <param name="events">Says when a bundle of somebody else's was taken away.</param>
/// <param name="time">Clock.</param>
public sealed class TrustBundleController(
    KubernetesClient client, TrustBundles bundles, EventRecorder events, TimeProvider time) : IReconciler
{
    /// <summary>Name of the ConfigMap in each namespace.</summary>
    public const string ConfigMapName = "waf-operator-ca";

    /// <summary>Its key.</summary>
    public const string BundleKey = "ca.crt";

    /// <summary>Somebody who keeps changing it gets no write of ours for each of theirs.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _applied = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var ns = key.Name;
        if (bundles.Certificates() is not { Bundle.Length: > 0 } state || !bundles.IsNeeded(ns))
            return ReconcileResult.Done;
        if (bundles.Found(ns)?.Text("data", BundleKey) == state.Bundle) return ReconcileResult.Done;
        var now = time.GetUtcNow();
        if (_applied.TryGetValue(ns, out var last) && now - last < Pause)
            return ReconcileResult.After(last + Pause - now);
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = ns,
                ["name"] = ConfigMapName,
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "waf-operator" },
            },
            ["data"] = new JsonObject { [BundleKey] = state.Bundle },
        };
        _applied[ns] = now;
        await ApplyAsync(new NamespacedName(ns, ConfigMapName), body, cancellationToken);
        // The cache says so when it is there; until then nobody knows.
        return ReconcileResult.After(Pause);
    }

    private async Task ApplyAsync(NamespacedName key, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            // Forced: a field that somebody else took is ours.
            await client.ApplyAsync(BuiltIn.ConfigMaps, body, new ApplyOptions(), cancellationToken);
        }
        catch (KubernetesApiException refused) when (refused.IsInvalid)
        {
            if (!await FixedConfigMap.RemoveAsync(client, key, cancellationToken)) throw;
            var made = await client.ApplyAsync(BuiltIn.ConfigMaps, body, new ApplyOptions(), cancellationToken);
            events.Warning(
                EventSubject.Of(BuiltIn.ConfigMaps, made.Metadata), "BundleReplaced",
                "somebody had made this ConfigMap immutable with another bundle, which sidecars of new pods trusted: "
                + "it was made anew; restart pods that started meanwhile");
        }
    }
}

/// <summary>What the controller of bundles looks at.</summary>
/// <param name="IsNeeded">Whether a namespace has something that trusts the bundle.</param>
/// <param name="Certificates">The certificates in force; null before there are any.</param>
/// <param name="Found">The ConfigMap of a namespace as the cache has it.</param>
public sealed record TrustBundles(
    Func<string, bool> IsNeeded, Func<ServingState?> Certificates, Func<string, KubernetesObject?> Found);
