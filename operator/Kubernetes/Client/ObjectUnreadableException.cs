using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>The object exists but does not fit the type it should be read as.</summary>
public sealed class ObjectUnreadableException : KubernetesException
{
    internal ObjectUnreadableException(ApiTarget target, ObjectMeta metadata, Exception inner)
        : base($"cannot {target}: the object does not fit its type: {inner.Message}", inner) => Metadata = metadata;

    public ObjectMeta Metadata { get; }
}
