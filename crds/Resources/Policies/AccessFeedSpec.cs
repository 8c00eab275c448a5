using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>A list of networks that somebody else keeps, in a ConfigMap.</summary>
public sealed record AccessFeedSpec
{
    [Description("Name, for events and findings."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsName)]
    public string Name { get; init; } = "";

    [Description("ConfigMap with the list, in the same namespace, with the label wafoperator.dev/rules: \"true\", "
        + "which says that the operator may read it."), RequiredField, Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string ConfigMap { get; init; } = "";

    [Description("Its key: an address or network a line (what follows a comma, a semicolon, # or a space is passed "
        + "over), or a STIX 2.1 bundle with indicators of addresses; which one shows by the text."),
        Length(253, Minimum = 1), Pattern("^[-._a-zA-Z0-9]+$", Meaning = "a key of a ConfigMap"),
        Default("\"networks.txt\"")]
    public string Key { get; init; } = "networks.txt";

    [Description("Take networks that are not public as well (10.0.0.0/8, 127.0.0.0/8, fc00::/7 and the like). Public "
        + "lists often have them, and would deny the cluster's own clients."), Default("false")]
    public bool IncludePrivate { get; init; }
}

/// <summary>A feed in force.</summary>
public sealed record AccessFeedStatus
{
    [Description("Name of the feed."), RequiredField, Length(63)]
    public string Name { get; init; } = "";

    [Description("Networks that are denied."), Bounds(0, int.MaxValue)]
    public int Networks { get; init; }

    [Description("Networks of the list that are not public and were left out."), Bounds(0, int.MaxValue)]
    public int NotPublic { get; init; }

    [Description("Digest of what is in force, its first twelve digits."), Length(12)]
    public string? Digest { get; init; }

    [Description("When it was seen to change last: an old list is a list that nobody keeps any more.")]
    public DateTimeOffset? ChangedAt { get; init; }
}
