using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Pools;

/// <summary>Where large models run.</summary>
[Description("An InferencePool runs large models on accelerators, or on CPUs when none can be had.")]
[Resource("InferencePool", "inferencepools", "ipool",
    Scale = [".spec.replicas", ".status.replicas", ".status.selector"])]
[PrinterColumn("Accelerator", "string", ".status.accelerator")]
[PrinterColumn("Ready", "string", ".status.summary")]
[PrinterColumn("Queue delay", "string", ".status.queueDelay")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record InferencePool : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "InferencePool";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public InferencePoolSpec Spec { get; init; } = new();

    [Description("Observed state, written by the operator.")]
    public InferencePoolStatus? Status { get; init; }
}

/// <summary>The wish of an InferencePool.</summary>
public sealed record InferencePoolSpec
{
    [Description("Replicas; kept by autoscaling when that is on."), Bounds(0, 1000), Default("1")]
    public int Replicas { get; init; } = 1;

    [Description("What to run on, best first. Default: nvidia.com/gpu, then CPU with INT8."), Items(8, Minimum = 1)]
    public IReadOnlyList<AcceleratorRung> Ladder { get; init; } =
        [new() { Resource = "nvidia.com/gpu", Provider = ExecutionProvider.Cuda }, new()];

    [Description("How long a rung may stay unschedulable before the next is taken."), Length(32),
        Pattern(Patterns.Duration), Default("\"2m\"")]
    public string UnschedulableAfter { get; init; } = "2m";

    /// <summary>Least time between two tries: each reads all nodes and their pods.</summary>
    public static readonly TimeSpan RetryAfterMin = TimeSpan.FromSeconds(15);

    [Description("How often a better rung is tried again, at least 15s apart."), Length(32), Pattern(Patterns.Duration),
        Default("\"10m\"")]
    public string RetryAfter { get; init; } = "10m";

    [Description("Replicas by queue delay.")]
    public AutoscalingSpec? Autoscaling { get; init; }

    [Description("Dynamic batching.")]
    public BatchingSpec? Batching { get; init; }

    [Description("Where pods may run.")]
    public PlacementSpec? Placement { get; init; }

    [Description("What the scores of a rung must agree with before it gets traffic.")]
    public ParitySpec? Parity { get; init; }

    [Description("Secrets of this namespace with credentials for the images."), Items(8), Length(253, Minimum = 1)]
    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];
}

/// <summary>One rung of the ladder.</summary>
public sealed record AcceleratorRung
{
    [Description("Extended resource, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb; empty: CPU."), Length(253)]
    public string Resource { get; init; } = "";

    [Description("How many of it."), Bounds(0, 64), Default("1")]
    public int Count { get; init; } = 1;

    [Description("ONNX Runtime execution provider."), Default("\"Cpu\"")]
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    [Description("Number format of the weights."), Default("\"Int8\"")]
    public ModelPrecision Precision { get; init; } = ModelPrecision.Int8;

    [Description("Image of the inference server, for accelerators whose libraries the operator's default image lacks."),
        Length(1024)]
    public string? Image { get; init; }

    [Description("Runtime class."), Length(253)]
    public string? RuntimeClassName { get; init; }

    [Description("CPU request."), Length(32), Pattern(Patterns.Cpu), Default("\"1\"")]
    public string Cpu { get; init; } = "1";

    [Description("Memory request and limit."), Length(32), Pattern(Patterns.Bytes), Default("\"1Gi\"")]
    public string Memory { get; init; } = "1Gi";
}

/// <summary>Execution providers of ONNX Runtime.</summary>
public enum ExecutionProvider { Cpu, Cuda, TensorRt }

/// <summary>Number formats.</summary>
public enum ModelPrecision { Fp32, Fp16, Int8 }

/// <summary>Replicas by queue delay.</summary>
[Cel("autoscaling-order", "self.minReplicas <= self.maxReplicas", "minReplicas must not be over maxReplicas")]
public sealed record AutoscalingSpec
{
    [Description("Fewest replicas; 0 only takes effect when no policy needs the pool."), Bounds(0, 1000), Default("1")]
    public int MinReplicas { get; init; } = 1;

    [Description("Most replicas."), Bounds(1, 1000), Default("4")]
    public int MaxReplicas { get; init; } = 4;

    [Description("Queue delay that is aimed at."), Length(32), Pattern(Patterns.Duration), Default("\"5ms\"")]
    public string TargetQueueDelay { get; init; } = "5ms";

    [Description("Time over the target before replicas are added."), Length(32), Pattern(Patterns.Duration),
        Default("\"10s\"")]
    public string ScaleUpAfter { get; init; } = "10s";

    [Description("Time of low load before replicas are taken away."), Length(32), Pattern(Patterns.Duration),
        Default("\"5m\"")]
    public string ScaleDownAfter { get; init; } = "5m";

    [Description("Leave scaling to a HorizontalPodAutoscaler that the operator creates."), Default("false")]
    public bool UseHorizontalPodAutoscaler { get; init; }
}

/// <summary>Dynamic batching.</summary>
public sealed record BatchingSpec
{
    [Description("Longest time a request waits for company."), Length(32), Pattern(Patterns.Duration),
        Default("\"1ms\"")]
    public string QueueDelayMax { get; init; } = "1ms";

    [Description("Most padded tokens in a batch."), Bounds(64, 10000000), Default("16384")]
    public int BatchTokensMax { get; init; } = 16384;

    [Description("Most requests waiting; more are refused at once."), Bounds(1, 1000000), Default("1024")]
    public int QueueLengthMax { get; init; } = 1024;
}

/// <summary>Agreement of a rung's scores with the package's golden vectors.</summary>
public sealed record ParitySpec
{
    [Description("Largest difference between a golden vector's probability and the rung's, as a decimal string."),
        Length(16), Pattern(Patterns.Fraction), Default("\"0.1\"")]
    public string MaximumDeviation { get; init; } = "0.1";
}

/// <summary>Where pods may run.</summary>
public sealed record PlacementSpec
{
    [Description("Node labels that are required."), Items(32), Length(63)]
    public IReadOnlyDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>();

    [Description("Node labels that are preferred."), Items(32), Length(63)]
    public IReadOnlyDictionary<string, string> PreferNodeLabels { get; init; } = new Dictionary<string, string>();

    [Description("Taints that are tolerated (keys; operator Exists). The accelerator's own name always is."),
        Items(32), Length(253, Minimum = 1)]
    public IReadOnlyList<string> TolerateTaints { get; init; } = [];

    [Description("Spread replicas over nodes and zones."), Default("true")]
    public bool SpreadOverNodes { get; init; } = true;

    [Description("Priority class."), Length(253)]
    public string? PriorityClassName { get; init; }
}
