using WafOperator.Injection;
using WafOperator.Operator.Metrics;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks;

/// <summary>Counts what admission decides.</summary>
internal static class AdmissionMetrics
{
    internal static void Decided(InjectionDecision decision)
    {
        var (name, reason) = decision switch
        {
            InjectionDecision.Inject inject => ("Inject", inject.Report.IsNative ? "Native" : "Classic"),
            InjectionDecision.Skip skip => ("Skip", skip.Reason.ToString()),
            InjectionDecision.Deny deny => ("Deny", deny.Reason.ToString()),
            _ => ("", ""),
        };
        OperatorMetrics.Pods.Of(name, reason).Inc();
    }

    internal static void Reviewed(string webhook, AdmissionResponse response, TimeSpan duration)
    {
        var outcome = !response.Allowed ? response.Reason ?? "Refused" : response.Patch is null ? "Allowed" : "Patched";
        OperatorMetrics.Reviews.Of(webhook, outcome).Inc();
        OperatorMetrics.ReviewSeconds.Of(webhook).Observe(duration.TotalSeconds);
    }
}
