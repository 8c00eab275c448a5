namespace WafOperator.Protocols.Policies;

/// <summary>Models in force, with the rollout that is under way, and how their scores become an action.</summary>
public sealed record MlPolicy
{
    public InspectionMode Mode { get; init; } = InspectionMode.Detect;
    public EnsembleKind Ensemble { get; init; } = EnsembleKind.Cascade;
    public IReadOnlyList<ModelAssignment> Models { get; init; } = [];
    public double MediumThreshold { get; init; } = 0.5;
    public double HighThreshold { get; init; } = 0.7;
    public double CriticalThreshold { get; init; } = 0.9;
    public RiskActionKind MediumAction { get; init; } = RiskActionKind.Log;
    public RiskActionKind HighAction { get; init; } = RiskActionKind.Log;
    public RiskActionKind CriticalAction { get; init; } = RiskActionKind.Block;

    /// <summary>What is done at least with a request of which the last model that read it is uncertain.</summary>
    public RiskActionKind UncertainAction { get; init; } = RiskActionKind.Log;
    public TimeSpan LatencyBudget { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Base URL of the inference pool, or null.</summary>
    public string? PoolUrl { get; init; }

    /// <summary>Key of the pool (<c>PoolAccess</c>), or null where the pool asks for none.</summary>
    public string? PoolKey { get; init; }

    public LearningPolicy Learning { get; init; } = new();
}

/// <summary>How scores are joined.</summary>
public enum EnsembleKind { Cascade, Weighted, Any }

/// <summary>What a risk level leads to.</summary>
public enum RiskActionKind { Allow, Log, Block }

/// <summary>One model family: the version that decides, and a candidate in a rollout.</summary>
public sealed record ModelAssignment
{
    public required string Model { get; init; }
    public double Weight { get; init; } = 1;
    public double? Threshold { get; init; }

    /// <summary>The promoted version; null when none is.</summary>
    public ModelBlob? Baseline { get; init; }

    /// <summary>The version in shadow or canary; null when none is.</summary>
    public ModelBlob? Candidate { get; init; }

    /// <summary>Share of clients in percent that the candidate decides for; 0 is shadow.</summary>
    public int CandidateWeightPercent { get; init; }

    /// <summary>Salt of the client hash; one per rollout, so that arms are not the same clients each time.</summary>
    public string? RolloutSalt { get; init; }

    /// <summary>
    /// Number of the rollout's step, 0 in shadow; null without a candidate. Counters begin at zero with each step, so that whoever
    /// reads them needs to remember nothing.
    /// </summary>
    public int? RolloutStep { get; init; }

    /// <summary>Share of requests that both versions score, in percent.</summary>
    public int PairedSamplePercent { get; init; } = 100;
}

/// <summary>A package by digest.</summary>
public sealed record ModelBlob
{
    public required string Version { get; init; }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits.</summary>
    public required string Digest { get; init; }

    /// <summary>Package folder or file below the sidecar's models directory, when it is in the image; else fetched by digest.</summary>
    public string? BuiltinName { get; init; }

    /// <summary>Base64 signature over the digest string and the PEM public key that checks it, or null for unsigned.</summary>
    public string? Signature { get; init; }
    public string? PublicKeyPem { get; init; }

    /// <summary>True when the model runs in the pool.</summary>
    public bool InPool { get; init; }
}

/// <summary>Learning of thresholds.</summary>
public sealed record LearningPolicy
{
    public LearningKind Mode { get; init; } = LearningKind.Propose;
    public double TargetFalsePositiveRate { get; init; } = 0.001;
    public int MinimumRequests { get; init; } = 10_000;
    public double Ceiling { get; init; } = 0.98;
}

/// <summary>How learned thresholds are used.</summary>
public enum LearningKind { Off, Propose, Apply, Adaptive }
