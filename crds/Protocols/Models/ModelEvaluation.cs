namespace WafOperator.Protocols.Models;

/// <summary>
/// What two packages did with the same labelled requests: the termination message of a comparison Job. 1: flagged, the
/// baseline first.
/// </summary>
public sealed record ModelComparison
{
    public required string Digest { get; init; }
    public required string BaselineDigest { get; init; }

    /// <summary>Whose requests these are, where they come from a package: <c>baseline</c> or <c>candidate</c>.</summary>
    public string? Corpus { get; init; }

    /// <summary>Why there is no comparison, or null.</summary>
    public string? Error { get; init; }

    /// <summary>Harmless requests.</summary>
    public int Benign00 { get; init; }
    public int Benign01 { get; init; }
    public int Benign10 { get; init; }
    public int Benign11 { get; init; }

    /// <summary>Attacks.</summary>
    public int Attack00 { get; init; }
    public int Attack01 { get; init; }
    public int Attack10 { get; init; }
    public int Attack11 { get; init; }
}

/// <summary>What a package did on its own corpus: the termination message of an evaluation Job, JSON of at most 4,096 bytes.</summary>
public sealed record ModelEvaluation
{
    public required string Digest { get; init; }

    /// <summary>Why the model could not be run, or null.</summary>
    public string? Error { get; init; }

    public int Attacks { get; init; }
    public int Benign { get; init; }

    /// <summary>Share of attacks flagged at the package's own threshold.</summary>
    public double Recall { get; init; }

    /// <summary>Share of benign requests flagged.</summary>
    public double FalsePositiveRate { get; init; }

    /// <summary>Time for one request, microseconds, 99th percentile.</summary>
    public long LatencyMicrosecondsP99 { get; init; }

    /// <summary>
    /// The version beside the promoted one, on the promoted one's corpus and on its own; empty without a promoted one.
    /// </summary>
    public IReadOnlyList<ModelComparison> Comparisons { get; init; } = [];

    /// <summary>Recall per attack family.</summary>
    public IReadOnlyDictionary<string, double> RecallByFamily { get; init; } = new Dictionary<string, double>();
}
