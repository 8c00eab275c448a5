using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Policies.Targets;

namespace WafOperator.Webhooks.Pods;

/// <summary>Reads from a pod under admission what the question which policy protects it rests on. Pure.</summary>
internal static class PodIdentities
{
    /// <summary>The pod's labels, the policy it names, and the controller that makes it, as the pod says.</summary>
    public static PodIdentity Of(JsonObject pod) => new(LabelsOf(pod), Injector.RequestedPolicy(pod), OwnerOf(pod));

    private static Dictionary<string, string> LabelsOf(JsonObject pod)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if ((pod["metadata"] as JsonObject)?["labels"] is not JsonObject members) return labels;
        foreach (var (key, value) in members)
            if (value is JsonValue text && text.TryGetValue<string>(out var content)) labels[key] = content;
        return labels;
    }

    private static PodOwner? OwnerOf(JsonObject pod) =>
        ((pod["metadata"] as JsonObject)?["ownerReferences"] as JsonArray)?.OfType<JsonObject>()
            .FirstOrDefault(owner => owner["controller"] is JsonValue flag && flag.TryGetValue<bool>(out var controls)
                && controls) is { } controller
            && Text(controller, "kind") is { } kind && Text(controller, "name") is { } name
            ? new PodOwner(kind, name) : null;

    private static string? Text(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
