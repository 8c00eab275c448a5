using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Inference;

/// <summary>What a pool's server says of itself (<see cref="InferenceProtocol.StatusPath"/>).</summary>
public sealed record PoolServerStatus
{
    public const string FormatVersion = "waf-pool-status/v1";

    public string Format { get; init; } = FormatVersion;
    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Name of the pod, or null.</summary>
    public string? Pod { get; init; }

    /// <summary>Why the server is not ready, or null.</summary>
    public string? NotReady { get; init; }
    public bool IsDraining { get; init; }

    /// <summary>Revision of the pool document in force, or null.</summary>
    public string? Revision { get; init; }

    /// <summary>When the operator was last heard, or null.</summary>
    public DateTimeOffset? LastContact { get; init; }

    /// <summary>Execution provider in use: <c>Cpu</c>, <c>Cuda</c>, <c>TensorRt</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>Precision that was asked for: <c>Fp32</c>, <c>Fp16</c>, <c>Int8</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>Version of ONNX Runtime.</summary>
    public required string OnnxRuntime { get; init; }
    public int QueueLength { get; init; }
    public long QueueDelayMicrosecondsP95 { get; init; }

    /// <summary>Requests answered, of any kind, since start.</summary>
    public long Requests { get; init; }
    public IReadOnlyList<PoolModelStatus> Models { get; init; } = [];
}

/// <summary>One model of a server.</summary>
public sealed record PoolModelStatus
{
    public required string Model { get; init; }
    public required string Version { get; init; }
    public required string Digest { get; init; }

    /// <summary><c>LOADING</c>, <c>READY</c> or <c>UNAVAILABLE</c>, as in V2's repository index.</summary>
    public required string State { get; init; }

    /// <summary>Why it is unavailable.</summary>
    public string? Reason { get; init; }
    public bool IsRequired { get; init; }

    /// <summary>File of the package that runs, such as <c>model-int8.onnx</c>.</summary>
    public string? File { get; init; }

    /// <summary>
    /// Largest difference between the package's golden logits and this server's: the parity of this rung's scores.
    /// Null without golden vectors.
    /// </summary>
    public double? GoldenDifferenceMax { get; init; }

    /// <summary>Rows that went through the model since it was loaded.</summary>
    public long Rows { get; init; }
}

/// <summary>V2's model metadata, with what a sidecar needs to make probabilities of logits.</summary>
public sealed record PoolModelMetadata
{
    public required string Name { get; init; }
    public IReadOnlyList<string> Versions { get; init; } = [];
    public string Platform { get; init; } = "onnx_onnxv1";
    public IReadOnlyList<PoolTensor> Inputs { get; init; } = [];
    public IReadOnlyList<PoolTensor> Outputs { get; init; } = [];

    /// <summary>Digest of the package.</summary>
    public required string Digest { get; init; }

    /// <summary>The package's manifest: calibration, thresholds, families.</summary>
    public required ModelManifest Manifest { get; init; }
}

/// <summary>A tensor as V2 describes it.</summary>
public sealed record PoolTensor
{
    public required string Name { get; init; }

    /// <summary><c>FP32</c>, <c>INT64</c>, <c>BYTES</c>, …</summary>
    public required string Datatype { get; init; }

    /// <summary>Shape, -1 for a free dimension.</summary>
    public required IReadOnlyList<long> Shape { get; init; }
}
