using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Annotations;

/// <summary>What a pod's annotations ask for. Immutable.</summary>
internal sealed record PodOptions
{
    /// <summary>True, false, or null when the annotation is absent.</summary>
    public bool? Inject { get; init; }
    public string? Policy { get; init; }

    /// <summary>Names or numbers of ports to protect; empty: those that Services target.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];
    public CaptureMode? Capture { get; init; }
    public string? CpuRequest { get; init; }
    public string? MemoryRequest { get; init; }
    public string? MemoryLimit { get; init; }
}
