using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Watching;

/// <summary>
/// A cache changed. <paramref name="Current"/> is null after a deletion, <paramref name="Previous"/> for something new;
/// when both are the same instance, or both null, the object in the cluster became unreadable.
/// </summary>
public readonly record struct InformerChange<TObject>(NamespacedName Key, TObject? Current, TObject? Previous)
    where TObject : class, IKubernetesObject
{
    /// <summary>The current or, after a deletion, the last known object.</summary>
    public TObject? Latest => Current ?? Previous;
}
