using WafOperator.Controllers.Coverage;
using WafOperator.Injection;
using WafOperator.Kubernetes.Events;
using WafOperator.Webhooks.Pods;

namespace WafOperator.Operator.Host;

/// <summary>
/// Events about pods that asked for a sidecar and pass without one, or are refused. The pod has no uid yet, so they are
/// about the Deployment or StatefulSet that creates it. A review may be sent by anybody who reaches the port: an event
/// is written only for a workload of the cache that would create this pod, and in our own words.
/// What exactly is wrong with a pod stands in the refusal, which its creator reports.
/// </summary>
internal sealed class InjectionEvents(EventRecorder events, CoverageCaches caches)
{
    public void Observe(PodAdmission admission)
    {
        if (admission.IsDryRun || WordsOf(admission.Decision) is not { } words) return;
        var owner = PodCreator.Of(
            admission.Namespace, admission.Object, caches.Deployments.Cache.Get, caches.StatefulSets.Cache.Get);
        if (owner is not null) events.Warning(owner, words.Reason, words.Message);
    }

    /// <summary>Fixed words by reason; null when there is nothing to say.</summary>
    private static (string Reason, string Message)? WordsOf(InjectionDecision decision) => decision switch
    {
        InjectionDecision.Skip { Reason: SkipReason.NoPorts } => (nameof(SkipReason.NoPorts),
            "WAF sidecar not injected: no container declares a TCP port and no Service targets the pod"),
        InjectionDecision.Skip { Reason: SkipReason.NoHttpPorts } => (nameof(SkipReason.NoHttpPorts),
            "WAF sidecar not injected: every port says that it carries something else than HTTP"),
        InjectionDecision.Skip { Reason: SkipReason.JobNeedsNativeSidecar } => (
            nameof(SkipReason.JobNeedsNativeSidecar),
            "WAF sidecar not injected: the pod runs to completion, which needs native sidecars (Kubernetes 1.29)"),
        InjectionDecision.Deny deny => (deny.Reason.ToString(),
            $"WAF sidecar cannot be injected ({deny.Reason}): the message of the refused pod says what to change"),
        _ => null,
    };
}
