using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>What the operator found.</summary>
public sealed record WafPolicyStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Mode of the revision in force, which may be older than the spec; left out while none is, or where "
        + "other policies hold all targets.")]
    public PolicyMode? EffectiveMode { get; init; }

    [Description("Revision of the policy document that sidecars receive."), Length(128)]
    public string? Revision { get; init; }

    [Description("How far the policy has reached.")]
    public CoverageStatus? Coverage { get; init; }

    [Description("How much of the requests that went on to the application was inspected.")]
    public InspectionStatus? Inspection { get; init; }

    [Description("Models in force."), Items(8, MapKeys = ["model"])]
    public IReadOnlyList<PolicyModelStatus> Models { get; init; } = [];

    [Description("How replicas count rate limits; left out where the policy has none.")]
    public SharingStatus? Sharing { get; init; }

    [Description("Feeds of spec.accessLists in force."), Items(16, MapKeys = ["name"])]
    public IReadOnlyList<AccessFeedStatus> Feeds { get; init; } = [];

    [Description("Learning of thresholds.")]
    public LearningStatus? Learning { get; init; }

    [Description("Methods, media types and charsets that rules of OWASP CRS refuse and that many clients sent in mode "
        + "Detect, to an application that took them: what a person may want to add to the policy."), Items(32)]
    public IReadOnlyList<VocabularyProposal> Vocabulary { get; init; } = [];

    [Description("How parameters of queries, forms and multipart bodies look that many clients sent in mode Detect, to "
        + "an application that took them, and in which rules found nothing. Nothing lists them in the spec: which "
        + "names an application reads is its own matter; what they bound is rules.paranoia."),
        Items(16, MapKeys = ["style"])]
    public IReadOnlyList<ParameterStyleStatus> ParameterStyles { get; init; } = [];

    [Description("Accepted, ResolvedRefs, Programmed, Degraded, Weakened, Stalled, Ready."),
        Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>Pods that the policy targets, by state.</summary>
public sealed record CoverageStatus
{
    [Description("Pods that run or will, and that the policy targets, whether they ask for a sidecar or not."),
        Bounds(0, int.MaxValue)]
    public int Matched { get; init; }

    [Description("Of those, pods with a sidecar."), Bounds(0, int.MaxValue)]
    public int Injected { get; init; }

    [Description("Of those, sidecars that run the current revision with all models that it names."),
        Bounds(0, int.MaxValue)]
    public int Programmed { get; init; }

    [Description("Sidecars that run an older revision, lack a model, or did not report lately."),
        Bounds(0, int.MaxValue)]
    public int Stale { get; init; }

    [Description("Pods that the policy targets and that have no sidecar."), Bounds(0, int.MaxValue)]
    public int Missing { get; init; }

    [Description("Why pods have no sidecar."), Items(16, MapKeys = ["reason"])]
    public IReadOnlyList<MissingPods> MissingReasons { get; init; } = [];

    [Description("Ports of Services that lead to a pod around its sidecar; the Degraded condition names them."),
        Bounds(0, int.MaxValue)]
    public int Uncaptured { get; init; }

    [Description("Programmed over matched, for kubectl get."), Length(32)]
    public string? Summary { get; init; }
}

/// <summary>Pods that have no sidecar for one reason.</summary>
public sealed record MissingPods
{
    [Description("NotRequested, OptedOut, NotInjected, Replaced, HostNetwork, UnsupportedSystem, SharedProcesses, "
        + "NoPorts or RunsToCompletion."), RequiredField, Length(64)]
    public string Reason { get; init; } = "";

    [Description("How many."), Bounds(0, int.MaxValue)]
    public int Count { get; init; }

    [Description("The first of them by name."), Items(5), Length(253)]
    public IReadOnlyList<string> Pods { get; init; } = [];
}

/// <summary>Shares of requests and bytes that were inspected, over all sidecars since they started.</summary>
public sealed record InspectionStatus
{
    [Description("Share of requests that were inspected whole, as a decimal string."), Length(16)]
    public string? RequestsWhole { get; init; }

    [Description("Share of their bytes that were inspected, as a decimal string; bodies of streams are not counted."),
        Length(16)]
    public string? BytesInspected { get; init; }

    [Description("Why the others were not inspected whole: the reasons of waf_uninspected_total."),
        Items(32, MapKeys = ["reason"])]
    public IReadOnlyList<UninspectedShare> Uninspected { get; init; } = [];
}

/// <summary>Requests that were not inspected whole for one reason.</summary>
public sealed record UninspectedShare
{
    [Description("The reason."), RequiredField, Length(64)]
    public string Reason { get; init; } = "";

    [Description("Share of all requests, as a decimal string."), Length(16)]
    public string? Share { get; init; }
}

/// <summary>A model family as this policy uses it.</summary>
public sealed record PolicyModelStatus
{
    [Description("Model family."), RequiredField, Length(63)]
    public string Model { get; init; } = "";

    [Description("Version that decides."), Length(64)]
    public string? Active { get; init; }

    [Description("Version in a rollout."), Length(64)]
    public string? Candidate { get; init; }

    [Description("Share of clients the candidate decides for, in percent."), Bounds(0, 100)]
    public int? CandidateWeight { get; init; }
}

/// <summary>A value that one of the policy's lists lacks.</summary>
public sealed record VocabularyProposal
{
    [Description("Field of the spec: rules.allowedMethods (which replaces the default methods), "
        + "rules.allowedContentTypes or rules.allowedCharsets."), RequiredField, Length(64)]
    public string Field { get; init; } = "";

    [Description("The value."), RequiredField, Length(128)]
    public string Value { get; init; } = "";

    [Description("Requests that had it, rounded down, since the sidecars started."), Bounds(0, long.MaxValue)]
    public long Requests { get; init; }

    [Description("Different clients of one sidecar that sent it, counted up to 32."), Bounds(0, 32)]
    public int Clients { get; init; }
}

/// <summary>A form of parameters that clients use.</summary>
public sealed record ParameterStyleStatus
{
    [Description("Repeated: a name comes more than once (a=1&a=2). List: a[]=1. Map: a[b]=1. Dotted: a.b=1. "
        + "Dollar: $a=1. Json: an object or list as a value (a={\"b\":1})."), RequiredField]
    public ParameterStyle Style { get; init; }

    [Description("Highest rules.paranoia at which the Core Rule Set takes parameters that look so and hold nothing "
        + "else. Above it they are refused, unless a WafExclusion leaves the rules out for their names."),
        Bounds(1, 4)]
    public int ParanoiaMax { get; init; }

    [Description("Requests that had such parameters, rounded down, since the sidecars started."),
        Bounds(0, long.MaxValue)]
    public long Requests { get; init; }

    [Description("Different clients of one sidecar that sent them, counted up to 32."), Bounds(0, 32)]
    public int Clients { get; init; }
}

/// <summary>How a parameter looks.</summary>
public enum ParameterStyle { Repeated, List, Map, Dotted, Dollar, Json }

/// <summary>Progress of learning.</summary>
public sealed record LearningStatus
{
    [Description("Requests scored, without attacks that rules and models found each by themselves."),
        Bounds(0, long.MaxValue)]
    public long Requests { get; init; }

    [Description("Progress towards minimumRequests, in percent."), Bounds(0, 100)]
    public int Progress { get; init; }

    [Description("Proposed threshold, as a decimal string."), Length(16)]
    public string? ProposedThreshold { get; init; }

    [Description("Threshold in force, as a decimal string."), Length(16)]
    public string? AppliedThreshold { get; init; }

    [Description("Of those, requests that Enforce would have blocked, by rules or by models."),
        Bounds(0, long.MaxValue)]
    public long WouldBlock { get; init; }

    [Description("True when enough was seen and even the upper estimate of what Enforce would block, rules included, "
        + "is within twice targetFalsePositiveRate.")]
    public bool SafeToEnforce { get; init; }
}
