namespace WafOperator.Protocols.Policies;

/// <summary>
/// What a sidecar needs to know of a policy: everything resolved, nothing left to look up but blobs by digest.
/// Immutable.
/// Rule text travels; the sidecar compiles it.
/// </summary>
public sealed record PolicyDocument
{
    /// <summary>Format of this document. A reader refuses what it does not know.</summary>
    public const string FormatVersion = "waf-policy/v1";

    public string Format { get; init; } = FormatVersion;
    public required string Namespace { get; init; }
    public required string Name { get; init; }

    /// <summary>Generation of the WafPolicy this was compiled from.</summary>
    public long Generation { get; init; }

    /// <summary>SHA-256 (hex) of the document's content without this field: equal content, equal revision.</summary>
    public string Revision { get; init; } = "";

    public InspectionMode Mode { get; init; } = InspectionMode.Detect;
    public ClientIdentity ClientIdentity { get; init; } = new();
    public AccessLists AccessLists { get; init; } = new();
    public IReadOnlyList<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Where users sign in; null where none is named, so that such documents keep their revision.</summary>
    public IReadOnlyList<LoginPolicy>? Logins { get; init; }

    /// <summary>How long heads may be; null: as long as the sidecar's own limits say.</summary>
    public HeadLimits? Head { get; init; }
    public BodyInspection Body { get; init; } = new();
    public IReadOnlyList<RoutePolicy> Routes { get; init; } = [];
    /// <summary>Who decides about attacks. Documents of before there was a choice let either.</summary>
    public DecisionKind Decision { get; init; } = DecisionKind.Either;

    public RulePolicy? Rules { get; init; }
    public MlPolicy? Ml { get; init; }

    /// <summary>Null: clients are not remembered.</summary>
    public BehaviourPolicy? Behaviour { get; init; }

    /// <summary>Null: replicas know nothing of each other.</summary>
    public SharingPolicy? Sharing { get; init; }
    public IReadOnlyList<Exclusion> Exclusions { get; init; } = [];

    /// <summary>Fields of bodies that carry code; null where there is none.</summary>
    public IReadOnlyList<CodeField>? CodeFields { get; init; }

    /// <summary>What requests of APIs look like; null where nothing says it.</summary>
    public IReadOnlyList<ApiSchemaPolicy>? ApiSchemas { get; init; }
    public FailureModes FailureModes { get; init; } = new();
    public BlockResponse BlockResponse { get; init; } = new();
    public DecisionLogging Logging { get; init; } = new();

    /// <summary>How the application is reached; null: in plain HTTP at the loopback address.</summary>
    public UpstreamPolicy? Upstream { get; init; }
}

/// <summary>Ceiling of enforcement.</summary>
public enum InspectionMode { Off, Detect, Enforce }

/// <summary>Who decides about attacks: rules and models together, one of them, or whoever finds one.</summary>
public enum DecisionKind { Joint, Rules, Models, Either }

/// <summary>Trusted proxies (CIDR) and the header they write.</summary>
public sealed record ClientIdentity
{
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];
    public int TrustedHops { get; init; } = 1;
    public string Header { get; init; } = "X-Forwarded-For";
}

/// <summary>Access lists: CIDRs and path prefixes.</summary>
public sealed record AccessLists
{
    public IReadOnlyList<string> AllowClients { get; init; } = [];
    public IReadOnlyList<string> DenyClients { get; init; } = [];
    public IReadOnlyList<string> BypassClients { get; init; } = [];
    public IReadOnlyList<string> DenyPaths { get; init; } = [];

    /// <summary>Lists of denied networks that others keep; null where there is none.</summary>
    public IReadOnlyList<AccessFeed>? DenyFeeds { get; init; }
}

/// <summary>A list of networks by its name.</summary>
public sealed record AccessFeed
{
    public required string Name { get; init; }

    /// <summary>CIDRs and addresses, apart by spaces: a hundred thousand texts would take ten times the memory.</summary>
    public required string Networks { get; init; }
}

/// <summary>
/// A rate limit (generic cell rate algorithm), or, with <see cref="Distinct"/>, a limit on how many different values a
/// key brings within the period.
/// </summary>
public sealed record RateLimit
{
    public required string Name { get; init; }
    public RateLimitKeyKind Key { get; init; }
    public string? KeyName { get; init; }
    public string? PathPrefix { get; init; }
    public int Requests { get; init; }
    public TimeSpan Period { get; init; }
    public int Burst { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Null: each request costs one, whatever the response.</summary>
    public RateCost? Cost { get; init; }

    /// <summary>Count different values instead of requests.</summary>
    public DistinctValues? Distinct { get; init; }
}

/// <summary>What a rate limit counts by.</summary>
public enum RateLimitKeyKind { Client, Session, Header, Route, JwtClaim, Parameter }

/// <summary>Values that are counted, each once.</summary>
public sealed record DistinctValues
{
    public RateLimitKeyKind Of { get; init; }

    /// <summary>Name of the cookie, header, claim or parameter.</summary>
    public string? Name { get; init; }
}

/// <summary>What a request and its response cost, in units of the limit.</summary>
public sealed record RateCost
{
    /// <summary>Cost of a request; 0: only its response costs.</summary>
    public int Request { get; init; } = 1;
    public IReadOnlyList<StatusCost> Statuses { get; init; } = [];

    /// <summary>Bytes of a response that cost one unit; 0: none.</summary>
    public long BytesPerUnit { get; init; }

    public bool CostsByResponse() => BytesPerUnit > 0 || Statuses.Count > 0;

    /// <summary>Cost of a response: that of the first range that holds its status, and that of its bytes.</summary>
    public long Of(int status, long bytes)
    {
        long cost = BytesPerUnit > 0 ? bytes / BytesPerUnit : 0;
        foreach (var range in Statuses)
        {
            if (status >= range.From && status <= range.To) return cost + range.Cost;
        }

        return cost;
    }

    public bool Equals(RateCost? other) => other is not null && Request == other.Request
        && BytesPerUnit == other.BytesPerUnit && Statuses.SequenceEqual(other.Statuses);

    public override int GetHashCode() => HashCode.Combine(Request, BytesPerUnit, Statuses.Count);
}

/// <summary>Cost of responses with a status from one to another, both included.</summary>
public sealed record StatusCost
{
    public int From { get; init; }
    public int To { get; init; }
    public int Cost { get; init; }
}

/// <summary>How a body is inspected.</summary>
public sealed record BodyInspection
{
    public BodyInspectionKind Mode { get; init; } = BodyInspectionKind.Buffered;
    public long LimitBytes { get; init; } = 1 << 20;
    public BodyOverLimitOutcome OverLimit { get; init; } = BodyOverLimitOutcome.Reject;

    /// <summary>Null is the default, so that documents of policies that do not name it keep their revision.</summary>
    public MessageInspection? Messages { get; init; }

    /// <summary>Bounds on what is in a body; null: those the reader has of itself.</summary>
    public BodyLimits? Limits { get; init; }

    /// <summary>XML may declare entities and types that are not well known.</summary>
    public bool? AllowsXmlDoctypes { get; init; }
}

/// <summary>Bounds on the head of a request, whatever its route.</summary>
public sealed record HeadLimits
{
    /// <summary>Bytes of the request line.</summary>
    public int LineBytes { get; init; }

    /// <summary>Bytes of all header lines together.</summary>
    public int Bytes { get; init; }

    /// <summary>Header lines.</summary>
    public int Lines { get; init; }
}

/// <summary>Bounds on the structure of a body, each a number of items.</summary>
public sealed record BodyLimits
{
    public int Arguments { get; init; }
    public int JsonValues { get; init; }
    public int Depth { get; init; }
    public int XmlNodes { get; init; }
    public int Parts { get; init; }
    public int Files { get; init; }
}

/// <summary>Whether messages of gRPC and WebSocket streams are inspected one by one.</summary>
public enum MessageInspection { Inspect, Off }

/// <summary>How a body is inspected.</summary>
public enum BodyInspectionKind { HeadersOnly, Window, Buffered }

/// <summary>Outcome for a body over the limit.</summary>
public enum BodyOverLimitOutcome { Reject, ProcessPartial }

/// <summary>Settings for paths below a prefix; the longest prefix wins.</summary>
public sealed record RoutePolicy
{
    public required string PathPrefix { get; init; }
    public InspectionMode? Mode { get; init; }
    public BodyInspection? Body { get; init; }

    /// <summary>Protocols besides WebSocket to which clients may change, in lower case; null: none.</summary>
    public IReadOnlyList<string>? Upgrades { get; init; }
}

/// <summary>
/// Rules: sources in the order in which they are read. Paranoia level, thresholds and exclusions are already in them as
/// SecLang, so the engine knows nothing of any rule set.
/// </summary>
public sealed record RulePolicy
{
    public IReadOnlyList<RuleSource> Sources { get; init; } = [];

    /// <summary>Data files that texts of <see cref="Sources"/> name (<c>@pmFromFile</c>).</summary>
    public IReadOnlyList<RuleFile> Files { get; init; } = [];

    /// <summary>Which rules of <see cref="Sources"/> are which exclusion.</summary>
    public IReadOnlyList<ExclusionRules> Exclusions { get; init; } = [];
    public bool InspectResponses { get; init; }

    /// <summary>Rules that cannot be read to their end are left out; otherwise the document is refused.</summary>
    public bool? LeavesOutUnreadable { get; init; }
}

/// <summary>The rules that one WafExclusion was compiled to.</summary>
public sealed record ExclusionRules
{
    /// <summary>Name of the WafExclusion.</summary>
    public required string Name { get; init; }
    public IReadOnlyList<long> RuleIds { get; init; } = [];
}

/// <summary>Either inline SecLang, or a rule set by name.</summary>
public sealed record RuleSource
{
    /// <summary>Name that diagnostics show, for example <c>policy/inline</c>.</summary>
    public required string Name { get; init; }

    /// <summary>SecLang text, or null for a rule set.</summary>
    public string? Text { get; init; }

    /// <summary>
    /// Rule set: a folder below the sidecar's rules directory (<c>owasp-crs</c> has aliases), or null.
    /// </summary>
    public string? RuleSet { get; init; }
}

/// <summary>A data file that travels with the rules.</summary>
public sealed record RuleFile
{
    /// <summary>Name without a folder, as rules say it.</summary>
    public required string Name { get; init; }
    public required string Text { get; init; }
}

/// <summary>One false positive tuned away, for models; for rules it is in the SecLang too.</summary>
public sealed record Exclusion
{
    /// <summary>Name of the WafExclusion, for hit counts.</summary>
    public required string Name { get; init; }
    public string? Path { get; init; }
    public IReadOnlyList<string> Methods { get; init; } = [];
    public PartKind Part { get; init; }
    public string? PartName { get; init; }
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>Attack families as models name them: a part that looks like one of these is left out.</summary>
    public IReadOnlyList<string> Families { get; init; } = [];

    /// <summary>Model families that leave the part out; the others score it.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Parts of a request, as exclusions name them.</summary>
public enum PartKind { Any, Parameter, Header, Cookie, Path, Body }

/// <summary>Fail open or closed, per part.</summary>
public sealed record FailureModes
{
    public FailureMode Config { get; init; } = FailureMode.Closed;
    public FailureMode Rules { get; init; } = FailureMode.Closed;
    public FailureMode Ml { get; init; } = FailureMode.Open;
    public FailureMode Pool { get; init; } = FailureMode.Open;

    /// <summary>What follows when a client brings about that a request is not inspected whole.</summary>
    public UninspectedOutcome Uninspected { get; init; } = UninspectedOutcome.Block;
}

/// <summary>Refuse what was not inspected whole, or let it pass and say so.</summary>
public enum UninspectedOutcome { Block, Record }

/// <summary>Pass or block when a part is not available.</summary>
public enum FailureMode { Open, Closed }

/// <summary>Answer to a blocked request; <c>{eventId}</c> in the body is replaced.</summary>
public sealed record BlockResponse
{
    public int StatusCode { get; init; } = 403;
    public string? ContentType { get; init; }
    public string? Body { get; init; }
}

/// <summary>Which decisions are logged, and what is redacted.</summary>
public sealed record DecisionLogging
{
    public DecisionLogLevel Decisions { get; init; } = DecisionLogLevel.Matched;
    public IReadOnlyList<string> Redact { get; init; } = [];
    public int MatchedDataBytesMax { get; init; } = 100;

    /// <summary>Share of requests, in percent, whose decision is logged whatever it is.</summary>
    public int SampleAllowedPercent { get; init; }
}

/// <summary>Which decisions are logged.</summary>
public enum DecisionLogLevel { None, Blocked, Matched, All }
