namespace WafOperator.Protocols.Policies;

/// <summary>What an API's requests look like, and what is done about those that do not.</summary>
public sealed record ApiSchemaPolicy
{
    /// <summary>Name of the ApiSchema.</summary>
    public required string Name { get; init; }

    /// <summary>The OpenAPI document as JSON.</summary>
    public required string Document { get; init; }

    /// <summary>Where the API is served; null: as the document says.</summary>
    public string? BasePath { get; init; }
    public InspectionMode Mode { get; init; } = InspectionMode.Detect;

    /// <summary>Modes of single reasons.</summary>
    public IReadOnlyList<ApiReasonPolicy> Reasons { get; init; } = [];

    /// <summary>Modes of single operations.</summary>
    public IReadOnlyList<ApiOperationPolicy> Operations { get; init; } = [];

    public bool Equals(ApiSchemaPolicy? other) => other is not null && Name == other.Name && Document == other.Document
        && BasePath == other.BasePath && Mode == other.Mode && Reasons.SequenceEqual(other.Reasons)
        && Operations.SequenceEqual(other.Operations);

    public override int GetHashCode() => HashCode.Combine(Name, Document.Length, Mode);
}

/// <summary>The mode of a reason, by the reason's name.</summary>
public sealed record ApiReasonPolicy(string Reason, InspectionMode Mode);

/// <summary>The mode of an operation.</summary>
public sealed record ApiOperationPolicy
{
    public required string Operation { get; init; }

    /// <summary>Null: as for all.</summary>
    public InspectionMode? Mode { get; init; }
    public IReadOnlyList<ApiReasonPolicy> Reasons { get; init; } = [];

    public bool Equals(ApiOperationPolicy? other) => other is not null && Operation == other.Operation
        && Mode == other.Mode && Reasons.SequenceEqual(other.Reasons);

    public override int GetHashCode() => HashCode.Combine(Operation, Mode);
}
