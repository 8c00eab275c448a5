namespace WafOperator.Protocols.Models;

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

    /// <summary>Recall per attack family.</summary>
    public IReadOnlyDictionary<string, double> RecallByFamily { get; init; } = new Dictionary<string, double>();
}
