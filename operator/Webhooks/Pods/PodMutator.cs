using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks.Pods;

/// <summary>What was decided about one pod, for events and metrics of the host.</summary>
public sealed record PodAdmission(string Namespace, string Pod, JsonObject Object, InjectionDecision Decision,
    bool IsDryRun);

/// <summary>
/// Admission of pods: looks up what the pure injector needs, and answers. A pod that did not ask is let through at once
/// where no policy of its namespace requires sidecars. Thread-safe.
/// </summary>
public sealed class PodMutator(
    IAdmissionCache cache, Func<InjectionSettings> settings, Action<PodAdmission>? observe = null,
        TimeProvider? time = null)
{
    /// <summary>
    /// Longest wait for a policy or Service that was applied together with the workload and is on its way into the
    /// cache: one file holds them all, and a pod decided before its Service is seen could be reached around the
    /// sidecar.
    /// </summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SettleStep = TimeSpan.FromMilliseconds(50);

    /// <summary>Decides about one request.</summary>
    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != "CREATE" || request.SubResource.Length > 0 || request.Object is not { } pod
            || request.Kind != "Pod")
            return AdmissionResponse.Allow();
        if (!cache.IsSynced) return AdmissionResponse.Unavailable(
            "the WAF operator is starting and does not know all policies yet; the pod is tried again");
        var isRequested = Injector.IsRequested(pod);
        if (!isRequested && !cache.Policies(request.Namespace).Any(IsRequired)) return AdmissionResponse.Allow();
        var (input, isTargetMissing) = Look(pod, request.Namespace);
        for (var waited = TimeSpan.Zero;
            waited < SettleTime && (Injector.IsUnsettled(input) || (isTargetMissing && !isRequested));
            waited += SettleStep)
        {
            await Task.Delay(SettleStep, time ?? TimeProvider.System, cancellationToken);
            (input, isTargetMissing) = Look(pod, request.Namespace);
        }
        var decision = Injector.Decide(input);
        AdmissionMetrics.Decided(decision);
        observe?.Invoke(new(request.Namespace, NameOf(pod, request), pod, decision, request.IsDryRun));
        return decision switch
        {
            InjectionDecision.Inject inject => new() { Allowed = true, Patch = inject.Patch },
            InjectionDecision.Skip
            {
                Reason: SkipReason.NoPorts or SkipReason.NoHttpPorts or SkipReason.JobNeedsNativeSidecar
            } skip => AdmissionResponse.Allow([$"WAF sidecar not injected: {skip.Message}"]),
            InjectionDecision.Deny deny =>
                AdmissionResponse.Forbid($"WAF sidecar cannot be injected ({deny.Reason}): {deny.Message}"),
            _ => AdmissionResponse.Allow(),
        };
    }

    private static bool IsRequired(WafPolicy policy) => policy.Spec.Interception?.Required is true;

    /// <summary>
    /// What the decision rests on, from one look at the cache; and whether a target of a policy that requires
    /// sidecars is
    /// not there yet: the pod, though it did not ask, may be that target's.
    /// </summary>
    private (PodInjectionInput Input, bool IsTargetMissing) Look(JsonObject pod, string @namespace)
    {
        var (policies, workloads) = (cache.Policies(@namespace), cache.Workloads(@namespace));
        var input = new PodInjectionInput
        {
            Pod = pod,
            Namespace = @namespace,
            NamespaceLabels = cache.NamespaceLabels(@namespace),
            Services = cache.Services(@namespace),
            Policy = PolicyOf(pod, @namespace, policies, workloads),
            Settings = settings(),
        };
        return (input, input.Policy is PolicyChoice.Missing && policies.Any(policy =>
            IsRequired(policy) && TargetResolver.MissingTargets(policy, workloads).Count > 0));
    }

    private static PolicyChoice PolicyOf(
        JsonObject pod, string @namespace, IReadOnlyList<WafPolicy> policies, IReadOnlyList<Workload> workloads)
    {
        var identity = PodIdentities.Of(pod);
        var asked = identity.PolicyAnnotation;
        var name = new TargetResolver(policies).PolicyFor(identity, workloads);
        if (name is not null && policies.FirstOrDefault(policy => policy.Metadata.Name == name) is { } policy)
            return new PolicyChoice.Found(name, policy.Spec);
        return new PolicyChoice.Missing(asked is null
            ? $"no WafPolicy in the namespace {@namespace} targets this pod's workload: create one with targetRefs, "
            + $"or name one in the annotation {WellKnown.PolicyAnnotation}"
            : $"there is no WafPolicy {asked} in the namespace {@namespace}, which the "
            + $"annotation {WellKnown.PolicyAnnotation} names: create it first");
    }

    private static string NameOf(JsonObject pod, AdmissionRequest request)
    {
        if (request.Name.Length > 0) return request.Name;
        var metadata = pod["metadata"] as JsonObject;
        return Text(metadata, "name") ?? Text(metadata, "generateName") ?? "";
    }

    private static string? Text(JsonObject? fields, string name) =>
        fields?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
