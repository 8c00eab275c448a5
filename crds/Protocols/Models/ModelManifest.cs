namespace WafOperator.Protocols.Models;

/// <summary>
/// First file of a model package (<c>manifest.json</c>): what the model is, what it must agree with, and the digest of every
/// other file. Written by training, read by operator, sidecar and pool. Untrusted until digests and limits were checked.
/// </summary>
public sealed record ModelManifest
{
    public const string FormatVersion = "waf-model/v1";

    public string Format { get; init; } = FormatVersion;

    /// <summary>Model family, such as <c>payload-cnn</c>.</summary>
    public required string Name { get; init; }
    public required string Version { get; init; }

    /// <summary>How it is run: <c>gate-linear</c>, <c>payload-cnn</c>, <c>onnx-bytes</c>, …</summary>
    public required string Kind { get; init; }

    /// <summary>Every other file of the package: name to size and SHA-256.</summary>
    public required IReadOnlyDictionary<string, PackageFile> Files { get; init; }

    public required string TokenizerDigest { get; init; }
    public required string FeatureSchemaDigest { get; init; }
    public IReadOnlyList<TensorDeclaration> Inputs { get; init; } = [];
    public IReadOnlyList<TensorDeclaration> Outputs { get; init; } = [];

    /// <summary>Platt calibration: probability = 1 / (1 + exp(-(slope * logit + intercept))).</summary>
    public Calibration? Calibration { get; init; }

    /// <summary>
    /// Calibration behind a gate, for models that run as second stage of the cascade; null: the model's own logit decides.
    /// </summary>
    public CascadeCalibration? Cascade { get; init; }

    /// <summary>How rules that matched change the score of models that end with this one; null: not at all.</summary>
    public JointCalibration? Joint { get; init; }

    /// <summary>
    /// Named thresholds on the final probability (<c>fpr_0.01</c>, <c>fpr_0.005</c>, <c>fpr_0.001</c>): of the cascade
    /// for a model that is its second stage. <c>alone_fpr_…</c>: on such a model's own probability. <c>joint_fpr_…</c>:
    /// with the rules' evidence. <c>low</c> and <c>high</c>: a gate's band, or the scores between which a model of
    /// whole requests is asked. <c>uncertain</c>: the uncertainty from which on such a model's answer is not enough.
    /// </summary>
    public IReadOnlyDictionary<string, double> Thresholds { get; init; } = new Dictionary<string, double>();

    /// <summary>Names of the attack families in the order of the family output.</summary>
    public IReadOnlyList<string> Families { get; init; } = [];

    /// <summary>
    /// Names of the types within families in the order of the type output, each with its family: <c>sqli/union</c>.
    /// </summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Tokens of a row at most, of models that read whole requests; 0 for others.</summary>
    public int RowTokens { get; init; }

    /// <summary>Figures of training, for people and for evaluation gates.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Where it comes from: seed, data hash, commit, date.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; init; } = new Dictionary<string, string>();
}

/// <summary>A file of a package.</summary>
public sealed record PackageFile
{
    public required long Bytes { get; init; }
    public required string Sha256 { get; init; }
}

/// <summary>A tensor: name, element type as ONNX names it, shape with -1 for a free dimension.</summary>
public sealed record TensorDeclaration
{
    public required string Name { get; init; }
    public required string ElementType { get; init; }
    public required IReadOnlyList<long> Shape { get; init; }
}

/// <summary>Platt calibration.</summary>
public sealed record Calibration
{
    public double Slope { get; init; } = 1;
    public double Intercept { get; init; }
}

/// <summary>
/// Both stages' logits joined: probability = 1 / (1 + exp(-(gateWeight * gate + modelWeight * model + intercept))). The sum of both
/// errs less than either.
/// </summary>
public sealed record CascadeCalibration
{
    public double GateWeight { get; init; } = 1;
    public double ModelWeight { get; init; } = 1;
    public double Intercept { get; init; }
}

/// <summary>
/// Rules as evidence beside the models' score, part by part; the formula is in sidecar/Scoring/README.md. Weights are
/// log-odds and never negative. A key is a rule's id (<c>942100</c>), or id and what a structural detector found
/// (<c>941100/handler</c>), which is looked up first. A rule without a key says nothing. Fitted on scores of sources
/// that the models had not seen.
/// </summary>
public sealed record JointCalibration
{
    /// <summary>Bound of the models' log-odds: beyond it they are certain.</summary>
    public const double LogOddsMax = 10;

    public double Slope { get; init; } = 1;
    public double Intercept { get; init; }

    /// <summary>Keys and their weights.</summary>
    public IReadOnlyDictionary<string, double> Rules { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// Weights of what the parts of a request show: <c>serialized</c> (an object of Java, .NET or Python begins in a
    /// value), <c>operatorName</c> (a name is a query operator of a document database).
    /// </summary>
    public IReadOnlyDictionary<string, double> Signals { get; init; } = new Dictionary<string, double>();

    /// <summary>How many of the rules that matched in a part count, the strongest first.</summary>
    public int StrongestRules { get; init; } = 3;

    /// <summary>Most log-odds that rules and signals add to a part.</summary>
    public double EvidenceMax { get; init; } = 6;

    /// <summary>Bytes of a value up to which a match is no chance.</summary>
    public int LengthFree { get; init; } = 256;

    /// <summary>
    /// What a weight loses with longer values: this, times the natural logarithm of the value's length over
    /// <see cref="LengthFree"/>. Structural detectors and decisive rules lose nothing.
    /// </summary>
    public double LengthDiscount { get; init; } = 1;

    /// <summary>Keys of rules that no benign request tripped: one of them makes a part critical by itself.</summary>
    public IReadOnlyList<string> Decisive { get; init; } = [];

    /// <summary>How often each key was seen in fitting, those with a weight of zero too; for people.</summary>
    public IReadOnlyDictionary<string, RuleSupport> Support { get; init; } = new Dictionary<string, RuleSupport>();
}

/// <summary>Requests in which a rule matched.</summary>
public sealed record RuleSupport
{
    public long Attacks { get; init; }
    public long Benign { get; init; }
}
