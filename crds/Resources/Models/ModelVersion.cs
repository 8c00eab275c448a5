using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Models;

/// <summary>One immutable model, on its way from a commit to a verdict.</summary>
[Description("A ModelVersion is one immutable model. It is verified, evaluated, shadowed, given a share of the "
    + "traffic, judged, and promoted or rolled back.")]
[Resource("ModelVersion", "modelversions", "mv")]
[PrinterColumn("Model", "string", ".spec.model")]
[PrinterColumn("Version", "string", ".spec.version")]
[PrinterColumn("Phase", "string", ".status.phase")]
[PrinterColumn("Weight", "integer", ".status.weight")]
[PrinterColumn("Samples", "integer", ".status.samples")]
[PrinterColumn("Verdict", "string", ".status.verdict")]
[PrinterColumn("Message", "string", ".status.message", Priority = 1)]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[Cel("immutable", "self.spec.model == oldSelf.spec.model && self.spec.version == oldSelf.spec.version && "
    + "self.spec.artifact == oldSelf.spec.artifact",
    "model, version and artifact are immutable: create a new ModelVersion")]
public sealed record ModelVersion : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "ModelVersion";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public ModelVersionSpec Spec { get; init; } = new();

    [Description("Observed state, written by the operator.")]
    public ModelVersionStatus? Status { get; init; }
}

/// <summary>The wish of a ModelVersion.</summary>
public sealed record ModelVersionSpec
{
    [Description("Model family, such as payload-cnn."), RequiredField, Length(63, Minimum = 1),
        Pattern(Patterns.DnsLabel)]
    public string Model { get; init; } = "";

    [Description("Version (SemVer)."), RequiredField, Length(84, Minimum = 5),
        Pattern(Patterns.SemVer, Meaning = "a semantic version such as 1.2.0")]
    public string Version { get; init; } = "";

    [Description("Where the package is, and what it must be."), RequiredField]
    public ModelArtifact Artifact { get; init; } = new();

    [Description("Digests of what the model was trained with; empty: taken from the package's manifest.")]
    public ModelContract? Contract { get; init; }

    [Description("Where the model runs.")]
    public ModelServing? Serving { get; init; }

    [Description("Absolute gates before any traffic.")]
    public EvaluationSpec? Evaluation { get; init; }

    [Description("How traffic is given and judged.")]
    public RolloutSpec? Rollout { get; init; }

    [Description("Hold the rollout where it is."), Default("false")]
    public bool Suspend { get; init; }

    [Description("End the rollout and return to the previous model."), Default("false")]
    public bool Abort { get; init; }
}

/// <summary>A digest-pinned package.</summary>
public sealed record ModelArtifact
{
    [Description("https://, s3://, oci://, pvc://CLAIM/PATH, configmap://NAME/KEY or builtin://NAME."), RequiredField,
        Length(2048, Minimum = 8)]
    [Pattern("^(https|http|s3|oci|pvc|configmap|builtin)://",
        Meaning = "a URI with the scheme https, s3, oci, pvc, configmap or builtin")]
    public string Uri { get; init; } = "";

    [Description("SHA-256 of the package."), RequiredField, Length(71),
        Pattern(Patterns.Digest, Meaning = "sha256: and 64 hexadecimal digits")]
    public string Digest { get; init; } = "";

    /// <summary>What packages may have at most; readers allow no more.</summary>
    public const long SizeLimitMax = 256L << 20;

    [Description("Most bytes that are fetched, up to 256Mi."), Length(16), Default("\"64Mi\"")]
    [Pattern("^([0-9]{1,9}|[0-9]{1,6}(Ki|k)|([0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-6])(Mi|M))$",
        Meaning = "a number of bytes of at most 256Mi")]
    public string SizeLimit { get; init; } = "64Mi";

    [Description("Signature of the package; none: it comes with the operator's image, or the operator's settings allow "
        + "unsigned packages.")]
    public ModelSignature? Signature { get; init; }

    [Description("Secret with credentials for the source (keys username, password, token or accessKey, secretKey)."),
        Length(253), Pattern(Patterns.DnsName)]
    public string? CredentialsSecret { get; init; }
}

/// <summary>A detached signature and the key that checks it.</summary>
public sealed record ModelSignature
{
    [Description("Base64 of an ECDSA P-256 (SHA-256, DER) signature, or RSA-PSS with SHA-256, over the lines "
        + "waf-model-package/v1, model, version and digest, by a key that the operator trusts."),
        RequiredField, Length(2048, Minimum = 16)]
    public string Value { get; init; } = "";

    [Description("Secret whose key publicKey holds the PEM of another public key that may check it. Read only where "
        + "the operator's settings allow unsigned packages: elsewhere a namespace cannot vouch for itself."),
        Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public string? PublicKeySecret { get; init; }
}

/// <summary>What the runtime must agree with.</summary>
public sealed record ModelContract
{
    [Description("Digest of the tokenizer."), Length(71), Pattern(Patterns.Digest)]
    public string? TokenizerDigest { get; init; }

    [Description("Digest of the feature schema."), Length(71), Pattern(Patterns.Digest)]
    public string? FeatureSchemaDigest { get; init; }
}

/// <summary>Where a model runs.</summary>
[Cel("serving-pool", "!has(self.mode) || self.mode != 'Pool' || (has(self.pool) && size(self.pool) > 0)",
    "mode Pool needs the name of an InferencePool in pool")]
public sealed record ModelServing
{
    [Description("InSidecar, or Pool with the pool's name."), Default("\"InSidecar\"")]
    public ServingMode Mode { get; init; } = ServingMode.InSidecar;

    [Description("InferencePool, in the same namespace."), Length(253), Pattern(Patterns.DnsName)]
    public string? Pool { get; init; }
}

/// <summary>Where a model runs.</summary>
public enum ServingMode { InSidecar, Pool }

/// <summary>Gates on the golden corpus.</summary>
public sealed record EvaluationSpec
{
    [Description("Least recall on the package's corpus, as a decimal string."), Length(16), Pattern(Patterns.Fraction),
        Default("\"0.9\"")]
    public string MinimumRecall { get; init; } = "0.9";

    [Description("Most false positives on the package's corpus, as a decimal string."), Length(16),
        Pattern(Patterns.Fraction), Default("\"0.02\"")]
    public string MaximumFalsePositiveRate { get; init; } = "0.02";

    [Description("Most time for one value at the 99th percentile."), Length(32), Pattern(Patterns.Duration),
        Default("\"10ms\"")]
    public string MaximumLatency { get; init; } = "10ms";

    [Description("Most points (percent) that recall or false positives may be worse than the promoted version's."),
        Length(16), Pattern(Patterns.Decimal), Default("\"2\"")]
    public string MaximumRegressionPercent { get; init; } = "2";
}

/// <summary>How traffic is given.</summary>
public sealed record RolloutSpec
{
    [Description("Time and samples in shadow before any traffic.")]
    public ShadowSpec? Shadow { get; init; }

    [Description("Shares of clients in percent, in order. Default: one step of 10 percent."), Items(16, Minimum = 1)]
    public IReadOnlyList<RolloutStep> Steps { get; init; } = [new() { Weight = 10 }];

    [Description("How the candidate is judged.")]
    public AnalysisSpec? Analysis { get; init; }

    [Description("Webhooks asked before each step; each must answer 2xx."), Items(8, MapKeys = ["name"])]
    public IReadOnlyList<RolloutWebhook> Webhooks { get; init; } = [];
}

/// <summary>The stage without influence.</summary>
public sealed record ShadowSpec
{
    [Description("Least time in shadow."), Length(32), Pattern(Patterns.Duration), Default("\"1m\"")]
    public string Duration { get; init; } = "1m";

    [Description("Least paired samples in shadow."), Bounds(0, 100000000), Default("500")]
    public int MinimumSamples { get; init; } = 500;
}

/// <summary>One step of traffic.</summary>
public sealed record RolloutStep
{
    [Description("Share of clients in percent."), RequiredField, Bounds(0, 100)]
    public int Weight { get; init; }

    [Description("Wait for the annotation wafoperator.dev/approve-step with this step's number."), Default("false")]
    public bool Manual { get; init; }
}

/// <summary>How a candidate is judged.</summary>
public sealed record AnalysisSpec
{
    [Description("Time between two looks."), Length(32), Pattern(Patterns.Duration), Default("\"30s\"")]
    public string Interval { get; init; } = "30s";

    [Description("Paired samples that must be seen in a step before it can pass."), Bounds(10, 100000000),
        Default("2000")]
    public int MinimumSamples { get; init; } = 2000;

    [Description("Most points (percent) that each metric may be worse than the baseline's."), Length(16),
        Pattern(Patterns.Decimal), Default("\"2\"")]
    public string MaximumRegressionPercent { get; init; } = "2";

    [Description("Chance of a wrong rollback over the whole rollout, as a decimal string (spent over the looks)."),
        Length(16), Pattern(Patterns.Fraction), Default("\"0.02\"")]
    public string Alpha { get; init; } = "0.02";

    [Description("What happens when time is up and the numbers say neither."), Default("\"Wait\"")]
    public InconclusiveAction OnInconclusive { get; init; } = InconclusiveAction.Wait;

    [Description("Longest time in one step before onInconclusive applies."), Length(32), Pattern(Patterns.Duration),
        Default("\"24h\"")]
    public string Timeout { get; init; } = "24h";

    [Description("Share of requests that both models score, in percent."), Bounds(1, 100), Default("100")]
    public int PairedSamplePercent { get; init; } = 100;

    [Description("Own queries."), Items(16, MapKeys = ["name"])]
    public IReadOnlyList<PrometheusMetric> Prometheus { get; init; } = [];
}

/// <summary>What to do without a verdict.</summary>
public enum InconclusiveAction { Wait, Promote, RollBack }

/// <summary>A PromQL query with a bound.</summary>
public sealed record PrometheusMetric
{
    [Description("Name."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsLabel)]
    public string Name { get; init; } = "";

    [Description("Base URL of the server."), RequiredField, Length(2048, Minimum = 8)]
    public string Address { get; init; } = "";

    [Description("Query that yields one number. {{model}}, {{version}} and {{baseline}} are replaced."), RequiredField,
        Length(4096, Minimum = 1)]
    public string Query { get; init; } = "";

    [Description("Largest value that passes, as a decimal string."), RequiredField, Length(16),
        Pattern(Patterns.Decimal)]
    public string Maximum { get; init; } = "";
}

/// <summary>A gate outside.</summary>
public sealed record RolloutWebhook
{
    [Description("Name."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsLabel)]
    public string Name { get; init; } = "";

    [Description("URL that receives a POST with namespace, model, version and the step and weight to be entered."),
        RequiredField,
        Length(2048, Minimum = 8)]
    public string Url { get; init; } = "";

    [Description("Time for an answer, up to 30s."), Length(32), Pattern(Patterns.Duration), Default("\"10s\"")]
    public string Timeout { get; init; } = "10s";
}
