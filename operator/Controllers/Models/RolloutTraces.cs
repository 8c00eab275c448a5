using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Models;
using WafOperator.Telemetry;

namespace WafOperator.Controllers.Models;

/// <summary>
/// A rollout as one trace, with a span for each phase that ended. It takes days and outlives processes: the trace's id
/// is made from the object's uid, so that whoever leads writes to the same one, and nothing has to be kept.
/// </summary>
public static class RolloutTraces
{
    /// <summary>Where spans begin; the program sends them.</summary>
    public static SpanSource Source { get; } = new("WafOperator.Rollouts");

    /// <summary>The version left a phase just now.</summary>
    internal static void Left(Resource<ModelVersion> version, ModelPhase next)
    {
        if (version.Metadata.Uid is not { Length: > 0 } uid) return;
        var phase = version.Value.Status?.Phase ?? ModelPhase.Pending;
        if (phase == next) return;
        var began = version.Value.Status?.PhaseStartedAt ?? version.Metadata.CreationTimestamp;
        if (began is not { } since) return;
        using var span = Source.Past("rollout phase", ContextOf(uid), since);
        span?.SetTag("k8s.namespace.name", version.Metadata.Namespace)
            .SetTag("waf.model_version", version.Metadata.Name).SetTag("waf.model", version.Value.Spec.Model)
            .SetTag("waf.version", version.Value.Spec.Version)
            .SetTag("waf.phase", phase.ToString()).SetTag("waf.next_phase", next.ToString());
        if (next is ModelPhase.RolledBack or ModelPhase.Failed) span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Trace and parent that belong to an object.</summary>
    internal static ActivityContext ContextOf(string uid)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(uid));
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(digest.AsSpan(0, 16)), ActivitySpanId.CreateFromBytes(digest.AsSpan(16, 8)),
            ActivityTraceFlags.Recorded, isRemote: true);
    }
}
