using System.Text.Json;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>
/// Containers that run as long as their pod: ordinary ones, and native sidecars, which are init containers that restart
/// always. Where the cluster has native sidecars, ours is one.
/// </summary>
public static class PodContainers
{
    public static IReadOnlyList<string> NamesOf(JsonElement pod)
    {
        var spec = pod.GetProperty("spec");
        return
        [
            .. Items(spec, "containers").Select(NameOf),
            .. Items(spec, "initContainers").Where(IsSidecar).Select(NameOf),
        ];
    }

    /// <summary>Status of the container of that name; null before kubelet has one.</summary>
    public static JsonElement? StatusOf(JsonElement pod, string name)
    {
        var status = pod.GetProperty("status");
        foreach (var item in Items(status, "containerStatuses").Concat(Items(status, "initContainerStatuses")))
        {
            if (NameOf(item) == name) return item;
        }

        return null;
    }

    /// <summary>
    /// Whether a container of the pod has not ended: it runs, or kubelet has yet to start it.
    /// </summary>
    public static bool AnyRuns(JsonElement pod)
    {
        var states = NamesOf(pod).Select(name => StatusOf(pod, name)).ToList();
        return states.Any(status => status is null || !status.Value.GetProperty("state").TryGetProperty("terminated", out _));
    }

    private static bool IsSidecar(JsonElement container) =>
        container.TryGetProperty("restartPolicy", out var policy) && policy.GetString() == "Always";

    private static string NameOf(JsonElement item) => item.GetProperty("name").GetString()!;

    private static IEnumerable<JsonElement> Items(JsonElement owner, string list)
    {
        if (!owner.TryGetProperty(list, out var items)) yield break;
        foreach (var item in items.EnumerateArray()) yield return item;
    }
}
