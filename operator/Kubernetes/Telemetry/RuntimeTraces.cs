using System.Diagnostics;
using WafOperator.Kubernetes.Objects;
using WafOperator.Telemetry;

namespace WafOperator.Kubernetes.Telemetry;

/// <summary>Reconciliations as spans, each a trace of its own.</summary>
public static class RuntimeTraces
{
    /// <summary>Where they begin; a program sends them.</summary>
    public static SpanSource Source { get; } = new("WafOperator.Kubernetes");

    internal static Activity? Reconcile(string controller, NamespacedName key) => Source.Begin("reconcile")
        ?.SetTag("controller", controller).SetTag("k8s.namespace.name", key.Namespace).SetTag("k8s.object", key.Name);

    /// <summary>Ends the span; results are those of controller_reconciles_total.</summary>
    internal static void Reconciled(Activity? span, string result)
    {
        if (span is null) return;
        span.SetTag("result", result);
        if (result is "failed" or "timeout" or "panic" or "terminal") span.SetStatus(ActivityStatusCode.Error);
        span.Dispose();
    }
}
