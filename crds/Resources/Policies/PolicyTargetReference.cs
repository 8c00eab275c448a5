using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>
/// Pods that a policy attaches to: those of a local object (Gateway API's policy attachment), or those that a label
/// selector chooses.
/// </summary>
[Cel("target-group", "!has(self.group) || (self.kind in ['Service', 'Pod'] ? self.group == '' : "
    + "self.kind in ['Job', 'CronJob'] ? self.group == 'batch' : self.group == 'apps')",
    "group must be empty for a Service and a Pod, batch for a Job and a CronJob, and apps for the others (or left "
    + "out)")]
[Cel("target-selector", "self.kind == 'Pod' ? has(self.selector) && !has(self.name) : "
    + "has(self.name) && !has(self.selector)",
    "kind Pod needs selector and no name; all other kinds need name and no selector")]
public sealed record PolicyTargetReference
{
    [Description("API group: apps for Deployment, StatefulSet, DaemonSet and ReplicaSet, batch for Job and CronJob, "
        + "empty for Service and Pod. May be left out.")]
    [Length(253)]
    public string? Group { get; init; }

    [Description("Kind of the target. Pod chooses pods by selector, whoever makes them: bare pods and those of "
        + "controllers that are not listed here (Rollout, CloneSet, Knative Service)."), RequiredField]
    public TargetKind Kind { get; init; }

    [Description("Name of the target, in the policy's namespace. Not for kind Pod."), Length(253, Minimum = 1)]
    [Pattern(Patterns.DnsName, Meaning = "a DNS name in lower case")]
    public string Name { get; init; } = "";

    [Description("For kind Pod: labels of the pods. An empty selector chooses every pod of the namespace.")]
    public PodSelectorSpec? Selector { get; init; }

    /// <summary>For messages: <c>Deployment shop</c>, <c>pods with app=shop</c>.</summary>
    public override string ToString() => Kind == TargetKind.Pod ? $"pods with {Selector}" : $"{Kind} {Name}";
}

/// <summary>Kinds a policy can target.</summary>
public enum TargetKind { Deployment, StatefulSet, Service, DaemonSet, ReplicaSet, Job, CronJob, Pod }

/// <summary>A label selector as Kubernetes has it: all of both lists must hold.</summary>
public sealed record PodSelectorSpec
{
    [Description("Labels that pods must have."), Items(32), Length(63)]
    public IReadOnlyDictionary<string, string> MatchLabels { get; init; } = new Dictionary<string, string>();

    [Description("Requirements that labels must meet."), Items(16)]
    public IReadOnlyList<LabelRequirement> MatchExpressions { get; init; } = [];

    public override string ToString() => string.Join(", ",
        MatchLabels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")
            .Concat(MatchExpressions.Select(requirement => requirement.ToString()))) is { Length: > 0 } text
        ? text : "any labels";
}

/// <summary>What one label must be.</summary>
[Cel("label-values", "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : "
    + "!has(self.values) || size(self.values) == 0",
    "operators In and NotIn need values; Exists and DoesNotExist take none")]
public sealed record LabelRequirement
{
    [Description("Name of the label."), RequiredField, Length(317, Minimum = 1)]
    public string Key { get; init; } = "";

    [Description("How the label is compared with values."), RequiredField]
    public LabelOperator Operator { get; init; }

    [Description("Values for In and NotIn."), Items(32), Length(63)]
    public IReadOnlyList<string> Values { get; init; } = [];

    public override string ToString() => Operator switch
    {
        LabelOperator.In => $"{Key} in ({string.Join(",", Values)})",
        LabelOperator.NotIn => $"{Key} notin ({string.Join(",", Values)})",
        LabelOperator.Exists => Key,
        _ => $"!{Key}",
    };
}

/// <summary>Operators of a label selector.</summary>
public enum LabelOperator { In, NotIn, Exists, DoesNotExist }
