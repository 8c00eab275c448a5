using System.Text.Json.Nodes;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools;

/// <summary>Where pods of a rung may run, as the parts of a pod's spec (pure).</summary>
public static class RungPlacement
{
    private static readonly string[] Topologies = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

    public static void AddTo(JsonObject spec, string pool, int index, AcceleratorRung rung, PlacementSpec placement)
    {
        if (placement.PriorityClassName is { Length: > 0 } priority) spec["priorityClassName"] = priority;
        if (placement.NodeSelector.Count > 0)
        {
            var labels = new JsonObject();
            foreach (var (key, value) in placement.NodeSelector) labels[key] = value;
            spec["nodeSelector"] = labels;
        }

        if (placement.PreferNodeLabels.Count > 0) spec["affinity"] = Preference(placement);
        var tolerated = RungDeployment.Tolerated(rung, placement);
        if (tolerated.Count > 0)
        {
            spec["tolerations"] = new JsonArray(
                [.. tolerated.Select(key => new JsonObject { ["key"] = key, ["operator"] = "Exists" })]);
        }

        if (placement.SpreadOverNodes)
            spec["topologySpreadConstraints"] = new JsonArray([.. Topologies.Select(t => Spread(t, pool, index))]);
    }

    private static JsonObject Spread(string topology, string pool, int index) => new()
    {
        ["maxSkew"] = 1,
        ["topologyKey"] = topology,
        // A preference: a pool on one node is better than none.
        ["whenUnsatisfiable"] = "ScheduleAnyway",
        ["labelSelector"] = new JsonObject
        {
            ["matchLabels"] = new JsonObject
            {
                [PoolNames.PoolLabel] = pool, [PoolNames.RungLabel] = PoolNames.Text(index),
            },
        },
    };

    private static JsonObject Preference(PlacementSpec placement) => new()
    {
        ["nodeAffinity"] = new JsonObject
        {
            ["preferredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(
            [
                .. placement.PreferNodeLabels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(label => new JsonObject
                {
                    ["weight"] = 50,
                    ["preference"] = new JsonObject
                    {
                        ["matchExpressions"] = new JsonArray(new JsonObject
                        {
                            ["key"] = label.Key, ["operator"] = "In", ["values"] = new JsonArray(label.Value),
                        }),
                    },
                }),
            ]),
        },
    };
}
