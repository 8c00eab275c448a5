using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>Objects as they were at one resource version, from which a watch can go on.</summary>
/// <param name="Items">The objects that could be read.</param>
/// <param name="ResourceVersion">The version of the collection.</param>
/// <param name="Continue">Token of the next page, or null on the last.</param>
/// <param name="Unreadable">Objects that do not fit the type asked for, with the reason.</param>
public sealed record ResourceList<TObject>(
    IReadOnlyList<TObject> Items,
    string ResourceVersion,
    string? Continue,
    IReadOnlyList<UnreadableObject> Unreadable);
