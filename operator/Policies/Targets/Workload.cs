using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Targets;

/// <summary>Something a policy can target: a Deployment, StatefulSet or Service with the labels of its pods.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Name">Name.</param>
/// <param name="Selects">True for labels that its selector matches. Pure.</param>
public sealed record Workload(TargetKind Kind, string Name, Func<IReadOnlyDictionary<string, string>, bool> Selects);

/// <summary>A pod as far as it matters for the question which policy protects it.</summary>
/// <param name="Labels">Labels.</param>
/// <param name="PolicyAnnotation">Value of <c>wafoperator.dev/policy</c>, or null.</param>
public sealed record PodIdentity(IReadOnlyDictionary<string, string> Labels, string? PolicyAnnotation);
