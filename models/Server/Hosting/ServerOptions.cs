using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Endpoints;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Hosting;

/// <summary>Everything that a server is told at its start.</summary>
internal sealed record ServerOptions
{
    public string Version { get; init; } = "0.0.0";

    /// <summary>Where it listens; port 0 takes any.</summary>
    public Uri Listen { get; init; } = new($"http://0.0.0.0:{InferenceProtocol.Port}");
    public string? ModelsDirectory { get; init; }
    public OrtProvider Provider { get; init; } = OrtProvider.Cpu;
    public int Device { get; init; }
    public ModelPrecision Precision { get; init; } = ModelPrecision.Fp32;

    /// <summary>Batches that run at once.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Threads inside one batch.</summary>
    public int Threads { get; init; } = 1;
    public BatchLimits Batching { get; init; } = new();
    public RequestLimits Requests { get; init; } = new();
    public string? PublicKeyPem { get; init; }
    public bool AllowsRepositoryChanges { get; init; }

    /// <summary>Longest time for what is in flight at the end.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time at the end in which the server is not ready but still serves.</summary>
    public TimeSpan Linger { get; init; }

    /// <summary>The pool to follow, or null: the models are those of the folder.</summary>
    public PoolIdentity? Pool { get; init; }
    public OperatorAddress? Operator { get; init; }
    public string? StateDirectory { get; init; }
    public string? Pod { get; init; }
}
