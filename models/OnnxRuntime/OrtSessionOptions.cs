namespace WafOperator.OnnxRuntime;

/// <summary>Execution providers by name.</summary>
public enum OrtProvider { Cpu, Cuda, TensorRt, WebGpu }

/// <summary>
/// Settings of a session. The defaults suit a sidecar: one thread, no spinning, so that a model never takes more than the request's own core.
/// </summary>
public sealed record OrtSessionOptions
{
    /// <summary>Threads inside one operator.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>Threads over operators.</summary>
    public int InterOpThreads { get; init; } = 1;

    /// <summary>Where the model runs; parts that a provider lacks run on the CPU.</summary>
    public OrtProvider Provider { get; init; } = OrtProvider.Cpu;

    /// <summary>Device number for CUDA and TensorRT.</summary>
    public int DeviceId { get; init; }

    /// <summary>Idle threads spin for a moment: lower latency for a whole core.</summary>
    public bool AllowSpinning { get; init; }

    /// <summary>Keep freed memory for the next run.</summary>
    public bool UseArena { get; init; } = true;
}
