namespace WafOperator.Kubernetes.Client;

/// <summary>How a patch is done.</summary>
public sealed record PatchOptions
{
    /// <summary><c>status</c>, <c>scale</c>, or null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Null takes the client's.</summary>
    public string? FieldManager { get; init; }

    public WriteMode Mode { get; init; } = WriteMode.Store;
}
