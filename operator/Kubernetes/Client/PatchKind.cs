namespace WafOperator.Kubernetes.Client;

/// <summary>The meaning of a patch's body.</summary>
public enum PatchKind
{
    /// <summary>RFC 6902: a list of operations.</summary>
    Json,

    /// <summary>RFC 7396: a partial object; lists are replaced whole.</summary>
    Merge,

    /// <summary>Kubernetes' own: lists are merged by key. Built-in types only.</summary>
    Strategic,
}
