using System.Diagnostics.Metrics;
using WafOperator.Injection;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks;

/// <summary>Instruments of admission, under the meter <see cref="MeterName"/>.</summary>
public static class AdmissionMetrics
{
    /// <summary>The meter to listen to.</summary>
    public const string MeterName = "WafOperator.Webhooks";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Reviews =
        Meter.CreateCounter<long>("admission.reviews", null,
            "Reviews by webhook and outcome (Allowed, Patched, or the refusal's reason)");

    private static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("admission.duration", "s",
            "Time from the request's first byte to the decision, by webhook");

    private static readonly Counter<long> Pods =
        Meter.CreateCounter<long>("admission.pods", null, "Pods that asked for a sidecar, by decision and reason");

    internal static void Decided(InjectionDecision decision)
    {
        var (name, reason) = decision switch
        {
            InjectionDecision.Inject inject => ("Inject", inject.Report.IsNative ? "Native" : "Classic"),
            InjectionDecision.Skip skip => ("Skip", skip.Reason.ToString()),
            InjectionDecision.Deny deny => ("Deny", deny.Reason.ToString()),
            _ => ("", ""),
        };
        Pods.Add(1, new("decision", name), new("reason", reason));
    }

    internal static void Reviewed(string webhook, AdmissionResponse response, TimeSpan duration)
    {
        var outcome = !response.Allowed ? response.Reason ?? "Refused" : response.Patch is null ? "Allowed" : "Patched";
        Reviews.Add(1, new("webhook", webhook), new("outcome", outcome));
        Duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("webhook", webhook));
    }
}
