namespace WafOperator.Kubernetes.Client;

/// <summary>What becomes of the objects owned by a deleted one.</summary>
public enum DeletePropagation
{
    /// <summary>Deleted afterwards by the garbage collector.</summary>
    Background,

    /// <summary>Deleted first; the object stays until they are gone.</summary>
    Foreground,

    /// <summary>Left behind.</summary>
    Orphan,
}
