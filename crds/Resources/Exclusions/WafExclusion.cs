using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Exclusions;

/// <summary>One false positive tuned away.</summary>
[Description("A WafExclusion tunes one false positive away. A kind of its own, so that application teams can be "
    + "given rights on it alone.")]
[Resource("WafExclusion", "wafexclusions", "wafx")]
[PrinterColumn("Policy", "string", ".spec.policy")]
[PrinterColumn("Path", "string", ".spec.match.path")]
[PrinterColumn("Hits", "integer", ".status.hits")]
[PrinterColumn("Expires", "string", ".spec.expiresAt")]
[PrinterColumn("Accepted", "string", ".status.conditions[?(@.type=='Accepted')].status")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record WafExclusion : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "WafExclusion";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public WafExclusionSpec Spec { get; init; } = new();

    [Description("Observed state, written by the operator.")]
    public WafExclusionStatus? Status { get; init; }
}

/// <summary>The wish of a WafExclusion.</summary>
[Cel("exclusion-what", "(has(self.rules) && size(self.rules) > 0) || (has(self.families) && size(self.families) > 0)"
    + " || (has(self.models) && size(self.models) > 0)",
    "name at least one of rules, families or models: an exclusion of everything is mode Off on a route")]
public sealed record WafExclusionSpec
{
    [Description("Name of the WafPolicy, in the same namespace."), RequiredField, Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string Policy { get; init; } = "";

    [Description("Requests and parts it holds for.")]
    public ExclusionMatch? Match { get; init; }

    [Description("Rule ids or ranges (942100-942199)."), Items(64), Length(41, Minimum = 1)]
    [Pattern("^[0-9]{1,19}(-[0-9]{1,19})?$", Meaning = "a rule id or a range such as 942100-942199")]
    public IReadOnlyList<string> Rules { get; init; } = [];

    [Description("Attack families: rules with their tags, and what models that tell families take for them."),
        Items(32)]
    public IReadOnlyList<AttackFamily> Families { get; init; } = [];

    [Description("Model families that leave the parts out; models that are not named score them."),
        Items(8), Length(63, Minimum = 1),
        Pattern(Patterns.DnsLabel)]
    public IReadOnlyList<string> Models { get; init; } = [];

    [Description("Why, for those who find it later."), RequiredField, Length(1024, Minimum = 3)]
    public string Reason { get; init; } = "";

    [Description("When it ends; none: never.")]
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Where an exclusion holds.</summary>
public sealed record ExclusionMatch
{
    [Description("Path, decoded. A trailing * matches any rest; none: all paths."), Length(1024, Minimum = 1),
        Pattern("^/", Meaning = "a path that begins with /")]
    public string? Path { get; init; }

    [Description("Methods; none: all."), Items(16), Length(32, Minimum = 1), Pattern("^[A-Z]+$")]
    public IReadOnlyList<string> Methods { get; init; } = [];

    [Description("Where the part is."), Default("\"Any\"")]
    public RequestPartKind Part { get; init; } = RequestPartKind.Any;

    [Description("Name of the parameter, header or cookie; none: all of that kind. JSON values are named by their path "
        + "(json.blocks.array_0.html); array_* stands for any item of an array, a trailing * for any rest."),
        Length(256, Minimum = 1)]
    public string? Name { get; init; }
}

/// <summary>Parts of a request.</summary>
public enum RequestPartKind { Any, Parameter, Header, Cookie, Path, Body }

/// <summary>Attack families, as rules are tagged and models answer.</summary>
public enum AttackFamily
{
    Sqli, Xss, Rce, Lfi, Rfi, Php, Java, Nosql, Ssti, Ssrf, Xxe, Ldap, Protocol, SessionFixation, Scanner, Generic,
}

/// <summary>What the operator found.</summary>
public sealed record WafExclusionStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Requests that would have been decided otherwise without it (logged or blocked by a model, blocked by "
        + "rules). Answers of models in a pool are not asked for twice and do not count."), Bounds(0, long.MaxValue)]
    public long Hits { get; init; }

    [Description("When it last changed a verdict.")]
    public DateTimeOffset? LastHit { get; init; }

    [Description("Accepted, Stalled, Ready."), Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}
