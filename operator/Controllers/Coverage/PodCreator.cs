using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Coverage;

/// <summary>
/// The workload that creates a pod, found in the caches by what the pod says of its owner: a pod under admission was
/// sent by anybody who reaches the port, so its word alone names no object. Pure.
/// </summary>
public static class PodCreator
{
    /// <param name="ns">Namespace of the review.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="deployment">Finds a Deployment.</param>
    /// <param name="statefulSet">Finds a StatefulSet.</param>
    /// <returns>The workload as the cache has it; null when the cache knows none that would create this pod.</returns>
    public static EventSubject? Of(
        string ns, JsonObject pod, Func<NamespacedName, WorkloadView?> deployment,
        Func<NamespacedName, WorkloadView?> statefulSet)
    {
        var references = (pod["metadata"] as JsonObject)?["ownerReferences"] as JsonArray;
        var owner = references?.OfType<JsonObject>().FirstOrDefault(IsController);
        if (owner is null || Text(owner, "name") is not { } name) return null;
        switch (Text(owner, "kind"))
        {
            // A ReplicaSet is named after its Deployment and the hash of its template.
            case "ReplicaSet" when name.LastIndexOf('-') is > 0 and var dash
                && deployment(new NamespacedName(ns, name[..dash])) is { } found && Selects(found, pod):
                return EventSubject.Of(BuiltIn.Deployments, found.Metadata);
            case "StatefulSet" when statefulSet(new NamespacedName(ns, name)) is { } found
                && found.Metadata.Uid == Text(owner, "uid") && Selects(found, pod):
                return EventSubject.Of(BuiltIn.StatefulSets, found.Metadata);
            default:
                return null;
        }
    }

    private static bool Selects(WorkloadView workload, JsonObject pod)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if ((pod["metadata"] as JsonObject)?["labels"] is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                if (value is JsonValue text && text.TryGetValue<string>(out var label)) labels[name] = label;
            }
        }

        return workload.Selector?.Matches(labels) is true;
    }

    private static bool IsController(JsonObject reference) =>
        reference["controller"] is JsonValue value && value.TryGetValue<bool>(out var isController) && isController;

    private static string? Text(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
