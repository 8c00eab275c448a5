using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>
/// An object in the cluster that does not fit the type it should be read as. It must not stop the others.
/// </summary>
public sealed record UnreadableObject(ObjectMeta Metadata, string Problem);
