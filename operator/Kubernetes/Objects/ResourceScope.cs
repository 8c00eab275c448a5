namespace WafOperator.Kubernetes.Objects;

/// <summary>Whether objects of a kind live in a namespace.</summary>
public enum ResourceScope
{
    /// <summary>Each object belongs to one namespace.</summary>
    Namespaced,

    /// <summary>Objects belong to the whole cluster.</summary>
    Cluster,
}
