using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>A place where users sign in.</summary>
public sealed record LoginSpec
{
    [Description("Path prefix on segment boundaries, decoded."), RequiredField, Length(1024, Minimum = 1)]
    [Pattern("^/", Meaning = "a path that begins with /")]
    public string PathPrefix { get; init; } = "/";

    [Description("Method by which credentials are sent."), Length(16, Minimum = 1), Pattern("^[A-Z]+$"),
        Default("\"POST\"")]
    public string Method { get; init; } = "POST";

    [Description("Parameter of query, form or JSON body (nested: user.name) with the user's name. Kept as a keyed hash "
        + "only. Left out: names are not told apart."), Length(128, Minimum = 1)]
    public string? UserName { get; init; }

    [Description("What the answer to a success looks like: any of these. Left out: any 2xx or 3xx that is "
        + "no failure.")]
    public LoginSignsSpec? Success { get; init; }

    [Description("What the answer to a failure looks like: any of these. Default: status 401.")]
    public LoginSignsSpec? Failure { get; init; }

    [Description("Failures that one client may have. Default: 10 within 10m.")]
    public FailureLimitSpec? PerClient { get; init; }

    [Description("Failures that one user name may have, from wherever they come; clients that succeeded with the name "
        + "before are not refused for it. Left out: not limited.")]
    public FailureLimitSpec? PerUser { get; init; }

    [Description("Failures that one network (/24, of IPv6 /48) may have. Left out: not limited.")]
    public FailureLimitSpec? PerNetwork { get; init; }

    [Description("Count and report only.")]
    public bool DryRun { get; init; }
}

/// <summary>What an answer looks like.</summary>
public sealed record LoginSignsSpec
{
    [Description("Statuses, such as \"401\" or 4xx."), Items(16), Length(3, Minimum = 3),
        Pattern("^[1-5]([0-9]{2}|xx)$",
        Meaning = "a status such as \"401\" or 4xx")]
    public IReadOnlyList<string> Statuses { get; init; } = [];

    [Description("Name of a response header that is there."), Length(128, Minimum = 1),
        Pattern("^[A-Za-z0-9-]+$", Meaning = "a header name")]
    public string? Header { get; init; }

    [Description("Text that the header's value holds; left out: any value."), Length(256, Minimum = 1)]
    public string? HeaderContains { get; init; }

    [Description("Text within the first 64 KiB of the response's body. Compressed answers are not asked for then."),
        Length(256, Minimum = 1)]
    public string? BodyContains { get; init; }
}

/// <summary>How many failures there may be.</summary>
public sealed record FailureLimitSpec
{
    [Description("Failures."), Bounds(1, 1000000), Default("10")]
    public int Failures { get; init; } = 10;

    [Description("Time over which failures fade."), Length(32), Pattern(Patterns.Duration), Default("\"10m\"")]
    public string Period { get; init; } = "10m";

    [Description("Nobody is limited whose share of failures among attempts is lower, as a decimal string. Networks of "
        + "many people have some failures and more successes."), Length(16), Pattern(Patterns.Fraction),
        Default("\"0.5\"")]
    public string Share { get; init; } = "0.5";
}
