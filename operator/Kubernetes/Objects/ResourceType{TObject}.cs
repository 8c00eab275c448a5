namespace WafOperator.Kubernetes.Objects;

/// <summary>A resource type together with the way its objects are read.</summary>
/// <typeparam name="TObject">What callers receive: a JSON tree, a typed resource, or a projection of their
/// own.</typeparam>
public sealed record ResourceType<TObject> : ResourceType
    where TObject : class, IKubernetesObject
{
    internal ResourceType(ResourceType type, Func<KubernetesObject, TObject> read)
        : base(type) => Read = read;

    /// <summary>
    /// Turns the served object into <typeparamref name="TObject"/>; throws <see cref="System.Text.Json.JsonException"/>
    /// for one that does not fit. Pure: it may run on any thread.
    /// </summary>
    public Func<KubernetesObject, TObject> Read { get; }

    public override string ToString() => base.ToString();
}
