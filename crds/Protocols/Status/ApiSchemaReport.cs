namespace WafOperator.Protocols.Status;

/// <summary>What a sidecar counted with one ApiSchema since its document came into force there.</summary>
public sealed record ApiSchemaReport
{
    /// <summary>Most findings that are told, and most paths; of a sidecar with several ApiSchemas in all.</summary>
    public const int EntriesMax = 100;

    /// <summary>Most operations whose requests are told, in the order of the document.</summary>
    public const int OperationsMax = 500;

    /// <summary>Most characters of a path.</summary>
    public const int PathLengthMax = 128;

    /// <summary>Name of the ApiSchema.</summary>
    public required string Name { get; init; }

    /// <summary>The document, as <see cref="Policies.ApiSchemaDigest"/> names it.</summary>
    public required string Document { get; init; }

    /// <summary>Requests that were compared.</summary>
    public long Requests { get; init; }

    /// <summary>Requests of each operation, in the order of the document; zeros at the end are left out.</summary>
    public IReadOnlyList<long> Operations { get; init; } = [];
    public IReadOnlyList<ApiFindingReport> Findings { get; init; } = [];
    public IReadOnlyList<ApiShadowReport> Shadows { get; init; } = [];
}

/// <summary>Requests that did not fit.</summary>
/// <param name="Operation">Number of the operation in the document; -1: none.</param>
/// <param name="Reason">Why.</param>
/// <param name="Requests">How many.</param>
public sealed record ApiFindingReport(int Operation, string Reason, long Requests);

/// <summary>Requests for a path that the document does not have.</summary>
/// <param name="Path">Method and path.</param>
/// <param name="Requests">How many.</param>
/// <param name="Answered">How many of them the application answered with a status below 400.</param>
public sealed record ApiShadowReport(string Path, long Requests, long Answered);
