namespace WafOperator.Kubernetes.Objects;

/// <summary>The identity of one object within its kind. Cluster-scoped objects have an empty namespace.</summary>
public readonly record struct NamespacedName(string Namespace, string Name)
{
    /// <summary>The name of a cluster-scoped object.</summary>
    public static NamespacedName Cluster(string name) => new("", name);

    /// <summary><c>namespace/name</c>, or the bare name of a cluster-scoped object.</summary>
    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}
