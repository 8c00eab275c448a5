using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Operator.Metrics;
using WafOperator.Resources.Models;
using WafOperator.Telemetry;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Says of each ModelVersion which phase it is in and since when, from the cache: every replica says the same, and a
/// restart loses nothing. Alerts rest on it.
/// </summary>
public static class RolloutMeters
{
    /// <summary>The metric is read from this cache from now on.</summary>
    public static void Observe(Informer<Resource<ModelVersion>> models) =>
        OperatorMetrics.ModelPhases.From(() => models.Cache.List().Select(Of));

    private static Sample Of(Resource<ModelVersion> version)
    {
        var status = version.Value.Status;
        var since = status?.PhaseStartedAt ?? version.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch;
        return new Sample(
            since.ToUnixTimeSeconds(), version.Metadata.Namespace ?? "", version.Metadata.Name,
            version.Value.Spec.Model, version.Value.Spec.Version,
            (status?.Phase ?? ModelPhase.Pending).ToString());
    }
}
