using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources;

/// <summary>A condition after Kubernetes' API conventions (<c>metav1.Condition</c>).</summary>
public sealed record Condition
{
    [Description("Type of the condition, in CamelCase."), RequiredField, Length(316)]
    public required string Type { get; init; }

    [Description("True, False or Unknown."), RequiredField]
    public required ConditionStatus Status { get; init; }

    [Description("Generation of the spec that this condition was computed from."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("When the status last changed."), RequiredField]
    public required DateTimeOffset LastTransitionTime { get; init; }

    [Description("Stable reason for machines, in CamelCase."), RequiredField, Length(1024)]
    public required string Reason { get; init; }

    [Description("Message for people, with the next step."), RequiredField, Length(32768)]
    public required string Message { get; init; }
}

/// <summary>State of a condition.</summary>
public enum ConditionStatus { True, False, Unknown }
