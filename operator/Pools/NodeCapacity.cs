using System.Globalization;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools;

/// <summary>
/// How many pods of a rung would find a node now: allocatable minus what the pods there asked for (pure). An estimate
/// before a try; the scheduler has the last word.
/// </summary>
public static class NodeCapacity
{
    /// <summary>Binary ones first: <c>Ki</c> must not be read as a number that ends with <c>i</c>.</summary>
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 1e-9m), ("u", 1e-6m), ("m", 1e-3m), ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m),
        ("E", 1e18m),
    ];

    /// <summary>Room for pods of a rung over all nodes.</summary>
    public static int FreeSlots(
        IEnumerable<KubernetesObject> nodes, IReadOnlyCollection<KubernetesObject> pods, AcceleratorRung rung,
        PlacementSpec placement)
    {
        var slots = 0;
        foreach (var node in nodes.Where(n => IsOpen(n, rung, placement)))
        {
            var here = pods.Where(p => p.Text("spec", "nodeName") == node.Metadata.Name && IsActive(p)).ToList();
            var room = Fits(node, here, "pods", 1);
            if (rung.Resource.Length > 0) room = Math.Min(room, Fits(node, here, rung.Resource, rung.Count));
            room = Math.Min(room, Fits(node, here, "cpu", Quantity(rung.Cpu)));
            room = Math.Min(room, Fits(node, here, "memory", Quantity(rung.Memory)));
            slots += Math.Max(0, room);
        }

        return slots;
    }

    /// <summary>
    /// A quantity of Kubernetes as a number: <c>500m</c>, <c>2</c>, <c>24632452Ki</c> (how kubelets write memory),
    /// <c>1e3</c>; 0 when unreadable.
    /// </summary>
    internal static decimal Quantity(string? text)
    {
        if (string.IsNullOrEmpty(text)) return 0;
        var (suffix, factor) = Suffixes.FirstOrDefault(
            s => text.EndsWith(s.Suffix, StringComparison.Ordinal), (Suffix: "", Factor: 1m));
        var digits = text.AsSpan(0, text.Length - suffix.Length);
        var isNumber = decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber && Math.Abs(number) <= decimal.MaxValue / Math.Max(1, factor) ? number * factor : 0;
    }

    private static int Fits(KubernetesObject node, List<KubernetesObject> pods, string resource, decimal wanted)
    {
        if (wanted <= 0) return int.MaxValue;
        var allocatable = Quantity(Value(node.At("status", "allocatable"), resource));
        var taken = resource == "pods" ? pods.Count : pods.Sum(p => Requested(p, resource));
        return (int)Math.Min(10_000, Math.Floor((allocatable - taken) / wanted));
    }

    /// <summary>The scheduler's sum: containers together, or the largest init container where that is more.</summary>
    private static decimal Requested(KubernetesObject pod, string resource)
    {
        decimal together = 0, largest = 0;
        foreach (var container in pod.Json.Items("spec", "containers")) together += Of(container);
        foreach (var container in pod.Json.Items("spec", "initContainers"))
        {
            // A sidecar goes on beside the containers.
            if (container.Text("restartPolicy") == "Always") together += Of(container);
            else largest = Math.Max(largest, Of(container));
        }

        return Math.Max(together, largest) + Quantity(Value(pod.At("spec", "overhead"), resource));

        decimal Of(JsonElement container) => Quantity(
            Value(container.At("resources", "requests"), resource)
                ?? Value(container.At("resources", "limits"), resource));
    }

    private static string? Value(JsonElement? resources, string name) => resources?.At(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private static bool IsActive(KubernetesObject pod) => pod.Text("status", "phase") is not ("Succeeded" or "Failed");

    private static bool IsOpen(KubernetesObject node, AcceleratorRung rung, PlacementSpec placement)
    {
        if (node.Json.Flag("spec", "unschedulable") == true || node.Metadata.IsBeingDeleted) return false;
        if (!node.Json.Items("status", "conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True"))
            return false;
        if (placement.NodeSelector.Any(wanted => node.Metadata.Labels.GetValueOrDefault(wanted.Key) != wanted.Value))
            return false;
        return node.Json.Items("spec", "taints").All(taint =>
            taint.Text("effect") is not ("NoSchedule" or "NoExecute")
            || RungDeployment.Tolerated(rung, placement).Contains(taint.Text("key") ?? ""));
    }
}
