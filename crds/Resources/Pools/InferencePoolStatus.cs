using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Pools;

/// <summary>What the operator found. Holds everything that a restarted operator needs to go on.</summary>
public sealed record InferencePoolStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Replicas that exist."), Bounds(0, int.MaxValue)]
    public int Replicas { get; init; }

    [Description("Replicas that are ready and receive requests."), Bounds(0, int.MaxValue)]
    public int ReadyReplicas { get; init; }

    [Description("Desired replicas: from the spec, or from autoscaling."), Bounds(0, int.MaxValue)]
    public int? DesiredReplicas { get; init; }

    [Description("When autoscaling last changed the replicas.")]
    public DateTimeOffset? ScaledAt { get; init; }

    [Description("Label selector of the pods, for the scale subresource."), Length(1024)]
    public string? Selector { get; init; }

    [Description("Rung in use, in words."), Length(512)]
    public string? Accelerator { get; init; }

    [Description("Index of the rung that receives requests; absent while none does."), Bounds(0, 8)]
    public int? Rung { get; init; }

    [Description("When the rung was taken.")]
    public DateTimeOffset? RungSince { get; init; }

    [Description("Index of the rung that is being tried beside it; absent while none is."), Bounds(0, 8)]
    public int? TryingRung { get; init; }

    [Description("When that began.")]
    public DateTimeOffset? TryingSince { get; init; }

    [Description("When a better rung was last tried.")]
    public DateTimeOffset? LastRetryAt { get; init; }

    [Description("Tries of a better rung in a row that failed; each doubles the wait, up to eight times."),
        Bounds(0, int.MaxValue)]
    public int FailedTries { get; init; }

    [Description(
        "True while pods are replaced one by one without a surge, because a further pod finds no accelerator.")]
    public bool ReplacingInPlace { get; init; }

    [Description("Queue delay at the 95th percentile, of the slowest replica."), Length(32)]
    public string? QueueDelay { get; init; }

    [Description("Ready over desired, for kubectl get."), Length(32)]
    public string? Summary { get; init; }

    [Description("Models that the servers are told to serve."), Items(64, MapKeys = ["digest"])]
    public IReadOnlyList<PoolModelReadiness> Models { get; init; } = [];

    [Description("Rungs whose scores were compared with the golden vectors."), Items(8, MapKeys = ["rung"])]
    public IReadOnlyList<RungParity> Parity { get; init; } = [];

    [Description("Accepted, Scheduled, ParityChecked, Degraded, Ready."), Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>A model of the pool, and how many replicas have it loaded.</summary>
public sealed record PoolModelReadiness
{
    [Description("Model family."), RequiredField, Length(63)]
    public string Model { get; init; } = "";

    [Description("Version."), RequiredField, Length(84)]
    public string Version { get; init; } = "";

    [Description("SHA-256 of the package."), RequiredField, Length(71)]
    public string Digest { get; init; } = "";

    [Description("True for a promoted version: a replica without it is not ready.")]
    public bool IsRequired { get; init; }

    [Description("Replicas in service that have it loaded."), Bounds(0, int.MaxValue)]
    public int ReadyReplicas { get; init; }

    [Description("Why a replica could not load it."), Length(1024)]
    public string? Message { get; init; }
}

/// <summary>Outcome of comparing a rung's scores with the golden vectors of the packages.</summary>
public sealed record RungParity
{
    [Description("Index of the rung."), RequiredField, Bounds(0, 8)]
    public int Rung { get; init; }

    [Description("Hash of the rung and of the required packages that were compared."), RequiredField, Length(64)]
    public string Subject { get; init; } = "";

    [Description("Whether the scores agree.")]
    public bool Passed { get; init; }

    [Description("Largest difference in probability, as a decimal string; absent when nothing could be compared."),
        Length(16)]
    public string? Deviation { get; init; }

    [Description("Golden vectors that were compared."), Bounds(0, int.MaxValue)]
    public int Vectors { get; init; }

    [Description("Result of the check."), Length(1024)]
    public string? Message { get; init; }
}
