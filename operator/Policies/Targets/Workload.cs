using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Targets;

/// <summary>Something a policy can target by name: a workload or Service, with its pods.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Name">Name.</param>
/// <param name="Selects">True for pods that belong to it. Pure.</param>
public sealed record Workload(TargetKind Kind, string Name, Func<PodIdentity, bool> Selects);

/// <summary>A pod as far as it matters for the question which policy protects it.</summary>
/// <param name="Labels">Labels.</param>
/// <param name="PolicyAnnotation">Value of <c>wafoperator.dev/policy</c>, or null.</param>
/// <param name="Owner">The controller that made it, or null.</param>
public sealed record PodIdentity(
    IReadOnlyDictionary<string, string> Labels, string? PolicyAnnotation, PodOwner? Owner = null);

/// <summary>The controller of a pod, as its owner references name it.</summary>
public sealed record PodOwner(string Kind, string Name);
