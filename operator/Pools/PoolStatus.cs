using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Inference;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Pools;

/// <summary>The status of a pool from what was seen and decided (pure).</summary>
public static class PoolStatus
{
    private const int MessageLengthMax = 1024;

    /// <summary>Where the ladder is, according to a status.</summary>
    public static LadderState LadderOf(InferencePoolStatus? status) => status is null
        ? new LadderState()
        : new LadderState
    {
        Serving = status.Rung,
        ServingSince = status.RungSince,
        Trying = status.TryingRung,
        TryingSince = status.TryingSince,
        LastRetryAt = status.LastRetryAt,
        FailedTries = status.FailedTries,
        InPlace = status.ReplacingInPlace,
    };

    /// <summary>The status with a ladder's state in it.</summary>
    public static InferencePoolStatus With(InferencePoolStatus status, LadderState ladder, InferencePoolSpec spec) =>
        status with
    {
        Rung = ladder.Serving,
        RungSince = ladder.ServingSince,
        TryingRung = ladder.Trying,
        TryingSince = ladder.TryingSince,
        LastRetryAt = ladder.LastRetryAt,
        FailedTries = ladder.FailedTries,
        ReplacingInPlace = ladder.InPlace,
        Accelerator = ladder.Serving is { } rung && rung < spec.Ladder.Count
            ? PoolConditions.WordsOf(rung, spec.Ladder[rung])
            : null,
    };

    /// <summary>Each model that the pool is to serve, with the replicas in service that have it.</summary>
    public static IReadOnlyList<PoolModelReadiness> Models(
        IReadOnlyList<PoolModel> models, IReadOnlyList<PoolServerStatus> servers) =>
    [
        .. models.Select(model =>
        {
            var states = servers.Select(s => s.Models.FirstOrDefault(m => m.Digest == model.Package.Digest)).ToList();
            var failed = states.Find(m => m is { State: "UNAVAILABLE", Reason: not null });
            return new PoolModelReadiness
            {
                Model = model.Model,
                Version = model.Package.Version,
                Digest = model.Package.Digest,
                IsRequired = model.IsRequired,
                ReadyReplicas = states.Count(m => m is { State: "READY" }),
                Message = Cut(failed?.Reason),
            };
        }),
    ];

    /// <summary>
    /// The slowest replica's queue delay, rounded so that noise is no news; null without a measurement.
    /// </summary>
    public static string? QueueDelay(IReadOnlyList<TimeSpan> delays)
    {
        if (delays.Count == 0) return null;
        var microseconds = (long)delays.Max().TotalMicroseconds;
        var grain = microseconds < 10_000 ? 100 : 1_000;
        return DurationText.Format(TimeSpan.FromMicroseconds(microseconds / grain * grain));
    }

    /// <summary>Pods that receive requests: ready ones of the rung that serves.</summary>
    public static IReadOnlyList<PoolPodView> InService(IReadOnlyList<PoolPodView> pods, int? serving) =>
        [.. pods.Where(p => p is { IsActive: true, IsReady: true } && p.Rung == serving)];

    private static string? Cut(string? text) => text is { Length: > MessageLengthMax } ? text[..MessageLengthMax]
        : text;
}
