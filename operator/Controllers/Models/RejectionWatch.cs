using System.Text.Json;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Says when digests are taken off a namespace's list of packages that were rolled back: who may write the ConfigMap
/// may forgive a package, and others should see that it may be rolled out again.
/// </summary>
public sealed class RejectionWatch(EventRecorder events, Func<bool> isLeader)
{
    private const int NamedMax = 3;

    /// <summary>Takes a change of the ConfigMap as the watch tells it.</summary>
    public void Observe(InformerChange<KubernetesObject> change)
    {
        var forgiven = Forgiven(change.Previous, change.Current);
        if (forgiven.Count == 0 || !isLeader()) return;
        var more = forgiven.Count > NamedMax ? $" and {forgiven.Count - NamedMax} more" : "";
        events.Warning(
            EventSubject.Of(BuiltIn.ConfigMaps, (change.Current ?? change.Previous)!.Metadata), "PackageForgiven",
            $"may be rolled out again: {string.Join(", ", forgiven.Take(NamedMax))}{more}");
    }

    /// <summary>Keys that were there before and are not now, without those that had to make room for others. Pure.</summary>
    public static IReadOnlyList<string> Forgiven(KubernetesObject? before, KubernetesObject? now)
    {
        var (old, present) = (Keys(before), Keys(now));
        var forgiven = old.Except(present).ToList();
        // The oldest go when a new one comes to a full list; that is ours. In a list with room nothing has to go, so
        // that whoever adds a key beside what they take away is seen.
        var makeRoom = Math.Max(0, old.Count + present.Except(old).Count() - RejectedModels.EntriesMax);
        return forgiven.Count <= makeRoom ? [] : [.. forgiven.Order(StringComparer.Ordinal)];
    }

    private static List<string> Keys(KubernetesObject? map) =>
        map?.At("data") is { ValueKind: JsonValueKind.Object } data
            ? [.. data.EnumerateObject().Select(entry => entry.Name)] : [];
}
