namespace WafOperator.Kubernetes.Client;

/// <summary>How a server-side apply is done.</summary>
public sealed record ApplyOptions
{
    /// <summary>The owner of the fields sent: one per controller. Null takes the client's.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Whether fields owned by others are taken over. Controllers do; people are asked first.</summary>
    public FieldConflicts Conflicts { get; init; } = FieldConflicts.TakeOver;

    /// <summary><c>status</c>, or null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Validated and answered, but not stored.</summary>
    public WriteMode Mode { get; init; } = WriteMode.Store;
}
