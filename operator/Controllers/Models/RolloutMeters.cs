using System.Diagnostics.Metrics;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Says of each ModelVersion which phase it is in and since when, from the cache: every replica says the same, and a
/// restart loses nothing. Alerts rest on it.
/// </summary>
public sealed class RolloutMeters : IDisposable
{
    public const string MeterName = "WafOperator.Rollouts";

    private readonly Meter _meter = new(MeterName);

    public RolloutMeters(Informer<Resource<ModelVersion>> models) => _meter.CreateObservableGauge(
        "waf_operator_model_phase_timestamp_seconds", () => models.Cache.List().Select(Of), null,
        "When a ModelVersion entered its phase, by namespace, name, model, version and phase");

    public void Dispose() => _meter.Dispose();

    private static Measurement<double> Of(Resource<ModelVersion> version)
    {
        var status = version.Value.Status;
        var since = status?.PhaseStartedAt ?? version.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch;
        return new Measurement<double>(
            since.ToUnixTimeSeconds(),
            new KeyValuePair<string, object?>("namespace", version.Metadata.Namespace),
            new KeyValuePair<string, object?>("name", version.Metadata.Name),
            new KeyValuePair<string, object?>("model", version.Value.Spec.Model),
            new KeyValuePair<string, object?>("version", version.Value.Spec.Version),
            new KeyValuePair<string, object?>("phase", (status?.Phase ?? ModelPhase.Pending).ToString()));
    }
}
