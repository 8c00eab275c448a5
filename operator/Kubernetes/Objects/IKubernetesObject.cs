namespace WafOperator.Kubernetes.Objects;

/// <summary>Anything the client returns and a cache holds: an object of which at least the metadata is known.</summary>
public interface IKubernetesObject
{
    /// <summary>Name, labels, versions and owners of the object.</summary>
    ObjectMeta Metadata { get; }
}
