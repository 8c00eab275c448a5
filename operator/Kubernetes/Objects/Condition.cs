namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// One observed aspect of an object. Source: Kubernetes API conventions, "Typical status properties".
/// </summary>
public sealed record Condition
{
    public required string Type { get; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    /// <summary>A stable word for programs.</summary>
    public string Reason { get; init; } = "";

    /// <summary>A sentence for people.</summary>
    public string Message { get; init; } = "";

    public long? ObservedGeneration { get; init; }

    /// <summary>When <see cref="Status"/> last changed; set by <see cref="Conditions.With"/>.</summary>
    public DateTimeOffset LastTransitionTime { get; init; }
}
