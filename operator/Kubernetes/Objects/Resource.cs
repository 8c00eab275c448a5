namespace WafOperator.Kubernetes.Objects;

/// <summary>An object read as a type of the caller's. Immutable as far as <typeparamref name="T"/> is.</summary>
public sealed record Resource<T>(ObjectMeta Metadata, T Value) : IKubernetesObject;
