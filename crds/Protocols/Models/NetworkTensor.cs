namespace WafOperator.Protocols.Models;

/// <summary>An input or output of a network, as its file or the runtime describes it.</summary>
/// <param name="Name">Name.</param>
/// <param name="ElementType">As manifests name it (<c>float32</c>, <c>int64</c>, …).</param>
/// <param name="Shape">Dimensions, -1 for a free one; null when nothing is said about them.</param>
public sealed record NetworkTensor(string Name, string ElementType, IReadOnlyList<long>? Shape);
