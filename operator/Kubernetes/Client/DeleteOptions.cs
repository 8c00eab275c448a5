namespace WafOperator.Kubernetes.Client;

/// <summary>How a deletion is done.</summary>
public sealed record DeleteOptions
{
    public DeletePropagation Propagation { get; init; } = DeletePropagation.Background;

    /// <summary>Refuse (409) unless the object has this uid: never delete a namesake.</summary>
    public string? Uid { get; init; }

    /// <summary>Refuse (409) unless the object is unchanged.</summary>
    public string? ResourceVersion { get; init; }

    public int? GracePeriodSeconds { get; init; }
}
