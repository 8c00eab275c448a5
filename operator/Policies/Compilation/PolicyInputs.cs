using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Everything a policy is compiled from: objects of the policy's namespace as they were fetched, and the clock. Objects
/// that do not belong to the policy are passed over, so that a whole namespace can be given.
/// </summary>
public sealed record PolicyInputs
{
    public required WafPolicy Policy { get; init; }
    public IReadOnlyList<WafExclusion> Exclusions { get; init; } = [];
    public IReadOnlyList<ModelVersion> Models { get; init; } = [];
    public IReadOnlyList<ApiSchema> ApiSchemas { get; init; } = [];
    public IReadOnlyList<InferencePool> Pools { get; init; } = [];

    /// <summary>PEM public keys by the name of their Secret.</summary>
    public IReadOnlyDictionary<string, string> PublicKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Rule files by the name of their ConfigMap: text by key.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> RuleFiles { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>Keys of pools by their name; a pool without one asks for none.</summary>
    public IReadOnlyDictionary<string, string> PoolKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Keys by which sidecars of the policy sign what clients have shown, base64, the one in use first.
    /// </summary>
    public IReadOnlyList<string> ChallengeKeys { get; init; } = [];

    /// <summary>What the Secret of spec.sharing.redis holds; null when it was not read.</summary>
    public RedisSecret? Redis { get; init; }

    /// <summary>Takes model versions without a status as promoted: a file has no operator to promote them.</summary>
    public bool TrustUnjudgedModels { get; init; }

    public required DateTimeOffset Now { get; init; }
}

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity { Warning, Error }

/// <summary>Which condition a finding belongs to, and its reason there.</summary>
public enum FindingKind { InvalidRules, InvalidSpec, ModelNotFound, PoolNotFound, ExclusionExpired, ExclusionInvalid,
    RulesWarning, KeyNotFound, RulesNotFound, ExclusionOutOfBounds,
    PoolDiffers, RedisNotFound, ApiDocumentNotFound, ApiDocumentInvalid, ApiOperationNotFound,
    FeedNotFound, FeedInvalid }

/// <summary>
/// Something to say about a policy. <paramref name="Subject"/> is the object it speaks of
/// (<c>WafExclusion/search-box</c>), or null for the policy itself; <paramref name="Path"/> the field, with the line
/// inside rule text where there is one.
/// </summary>
public sealed record Finding(FindingSeverity Severity, FindingKind Kind, string Path, string Message,
    string? Subject = null)
{
    public override string ToString() => $"{(Subject is null ? "" : Subject + " ")}{Path}: {Message}";
}

/// <summary>
/// What came out. The document is null when there is an error: sidecars then keep the last good one.
/// </summary>
public sealed record PolicyCompilation
{
    public PolicyDocument? Document { get; init; }
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>ApiSchemas in force.</summary>
    public IReadOnlyList<CompiledApi> Apis { get; init; } = [];

    /// <summary>Generations of the policy's ApiSchemas, in force or not, that this was compiled of.</summary>
    public IReadOnlyDictionary<string, long> ApiGenerations { get; init; } = new Dictionary<string, long>();

    /// <summary>Feeds in force, but for when they changed.</summary>
    public IReadOnlyList<AccessFeedStatus> Feeds { get; init; } = [];

    /// <summary>Exclusions in force that take a whole kind of protection away, a sentence each.</summary>
    public IReadOnlyList<string> Weakenings { get; init; } = [];

    /// <summary>Whoever may write a ConfigMap of the policy may switch its rules off.</summary>
    public bool RuleFilesMayWeaken { get; init; }

    /// <summary>When the outcome changes by itself (the next exclusion that expires), or null.</summary>
    public DateTimeOffset? RecompileAt { get; init; }

    /// <summary>The same without ApiSchemas, each of which is told why.</summary>
    public PolicyCompilation WithoutApis(string why) => this with
    {
        Document = Document is { } document ? PolicyRevision.Seal(document with { ApiSchemas = null }) : null,
        Apis = [],
        Findings =
        [
            .. Findings, .. Apis.Select(api => new Finding(
                FindingSeverity.Warning, FindingKind.ApiDocumentInvalid, "spec.document", why,
                ApiSchemaCompiler.SubjectOf(api.Name))),
        ],
    };

    /// <summary>The same without feeds, each of which is told why.</summary>
    public PolicyCompilation WithoutFeeds(string why) => this with
    {
        Document = Document is not { } document ? null : PolicyRevision.Seal(document with
        {
            AccessLists = document.AccessLists with { DenyFeeds = null },
        }),
        Feeds = [],
        Findings =
        [
            .. Findings, new(FindingSeverity.Warning, FindingKind.FeedInvalid, "spec.accessLists.denyFeeds", why),
        ],
    };

    public bool HasErrors => Findings.Any(finding => finding.Severity == FindingSeverity.Error);
}
