using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Injection.Capture;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks.Pods;

/// <summary>
/// Admission of changes of running pods: what would take a sidecar away or over is refused, and so are labels that
/// would make a pod one of a target that requires sidecars, since a running pod can get none. Labels that are moved off
/// a target are let through: the sidecar stays, and coverage goes on counting the pod. Programs in the sidecar's
/// container are refused. Thread-safe.
/// </summary>
public sealed class PodChangeReviewer(IAdmissionCache cache, Func<InjectionSettings> settings)
{
    /// <summary>Decides about one request.</summary>
    public AdmissionResponse Review(AdmissionRequest request)
    {
        if (request is { Operation: "CONNECT", SubResource: "exec" or "attach" }) return Entered(request);
        if (request is not { Operation: "UPDATE", Kind: "Pod", SubResource: "" or "ephemeralcontainers" or "resize" }
            || request.Object is not { } after || request.OldObject is not { } before
            || (after["metadata"] as JsonObject)?["deletionTimestamp"] is not null)
            return AdmissionResponse.Allow();
        if (PodChanges.Refusal(before, after, settings()) is { } problem)
            return AdmissionResponse.Forbid($"the WAF operator refuses this change of a protected pod: {problem}");
        return Moved(request.Namespace, before, after);
    }

    /// <summary>A program in the sidecar's container reads its token, its memory and its last good policy.</summary>
    private static AdmissionResponse Entered(AdmissionRequest request) =>
        request.Object?["container"] is JsonValue value && value.TryGetValue<string>(out var container)
            && container is WellKnown.SidecarContainer or WellKnown.InitContainer
            ? AdmissionResponse.Forbid($"the WAF operator refuses {request.SubResource} into {container}, where the "
                + "sidecar's token is: look at its logs and metrics; the platform's administrators allow it by "
                + "webhooks.execIntoSidecars")
            : AdmissionResponse.Allow();

    private AdmissionResponse Moved(string @namespace, JsonObject before, JsonObject after)
    {
        var (old, now) = (PodIdentities.Of(before), PodIdentities.Of(after));
        if (SameLabels(old.Labels, now.Labels) && old.PolicyAnnotation == now.PolicyAnnotation)
            return AdmissionResponse.Allow();
        if (!cache.IsSynced) return AdmissionResponse.Unavailable(
            "the WAF operator is starting and does not know all policies yet; try again");
        var policies = cache.Policies(@namespace);
        var (resolver, workloads) = (new TargetResolver(policies), cache.Workloads(@namespace));
        var policy = resolver.PolicyFor(now, workloads);
        if (policy is null || policy == resolver.PolicyFor(old, workloads)) return AdmissionResponse.Allow();
        var isRequired = policies.First(p => p.Metadata.Name == policy).Spec.Interception?.Required is true;
        return isRequired && !IsInjectedFor(before, policy)
            ? AdmissionResponse.Forbid($"these labels make the pod one of WafPolicy {policy}, which requires a sidecar "
                + "(interception.required), and a running pod can get none: create a pod with these labels instead")
            : AdmissionResponse.Allow();
    }

    private bool IsInjectedFor(JsonObject pod, string policy) => InjectedSidecar.IsIn(pod, settings().SidecarImage)
        && ((pod["metadata"] as JsonObject)?["annotations"] as JsonObject)?[WellKnown.InjectedPolicyAnnotation]
            is JsonValue value
        && value.TryGetValue<string>(out var name) && name == policy;

    private static bool SameLabels(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Count == after.Count && before.All(label => after.GetValueOrDefault(label.Key) == label.Value);
}
