using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Webhooks.Pods;

namespace WafOperator.Operator.Host;

/// <summary>
/// Events about pods that asked for a sidecar and pass without one, or are refused. The pod has no uid yet, so they are
/// about what creates it; who creates a pod by hand sees the same words as a warning or an error.
/// </summary>
internal sealed class InjectionEvents(EventRecorder events)
{
    public void Observe(PodAdmission admission)
    {
        if (admission.IsDryRun || OwnerOf(admission) is not { } owner) return;
        switch (admission.Decision)
        {
            case InjectionDecision.Skip { Reason: SkipReason.NoPorts or SkipReason.JobNeedsNativeSidecar } skip:
                events.Warning(owner, skip.Reason.ToString(), $"WAF sidecar not injected: {skip.Message}");
                break;
            case InjectionDecision.Deny deny:
                events.Warning(owner, deny.Reason.ToString(), $"WAF sidecar cannot be injected: {deny.Message}");
                break;
            default:
                break;
        }
    }

    /// <summary>The controller that creates the pod; null for a pod of its own.</summary>
    internal static EventSubject? OwnerOf(PodAdmission admission)
    {
        var owners = (admission.Object["metadata"] as JsonObject)?["ownerReferences"] as JsonArray;
        var owner = owners?.OfType<JsonObject>().FirstOrDefault(IsController);
        return owner is not null && Text(owner, "apiVersion") is { } version && Text(owner, "kind") is { } kind
            && Text(owner, "name") is { } name && Text(owner, "uid") is { } uid
            ? new EventSubject(version, kind, new NamespacedName(admission.Namespace, name), uid)
            : null;
    }

    private static bool IsController(JsonObject reference) =>
        reference["controller"] is JsonValue value && value.TryGetValue<bool>(out var isController) && isController;

    private static string? Text(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
