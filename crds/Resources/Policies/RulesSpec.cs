using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>Rule sets, their settings and own SecLang.</summary>
[Cel("paranoia-order", "!has(self.detectionParanoia) || self.detectionParanoia >= self.paranoia",
    "detectionParanoia must not be lower than paranoia")]
public sealed record RulesSpec
{
    [Description("Rule sets, in order."), Items(8), Default("[\"owasp-crs\"]"), Length(128, Minimum = 1)]
    [Pattern("^[a-z0-9][a-z0-9.-]*$", Meaning = "a rule set name in lower case")]
    public IReadOnlyList<string> Sets { get; init; } = ["owasp-crs"];

    [Description("ConfigMaps of this namespace with rule files, labelled wafoperator.dev/rules: \"true\": keys that "
        + "end with .conf are rules, in ordinal order and crs-setup.conf first; other keys are data files of "
        + "@pmFromFile. Read after the sets.")]
    [Items(8), Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public IReadOnlyList<string> ConfigMaps { get; init; } = [];

    [Description("ConfigMaps whose content is approved: the policy is not compiled anew while the files differ "
        + "from the digest, and their "
        + "rules may do all that inline rules may."), Items(8, MapKeys = ["name"])]
    public IReadOnlyList<ConfigMapDigest> ConfigMapDigests { get; init; } = [];

    [Description("What rules of ConfigMaps without a digest may do. Add: find more; what takes from what others "
        + "find (allow, ctl:ruleEngine, "
        + "ctl:ruleRemove…, SecRuleRemove…, scores and settings of others) is refused with its line. Full: the "
            + "same as inline rules, for "
        + "whoever may write the ConfigMap."), Default("\"Add\"")]
    public ConfigMapTrust ConfigMapTrust { get; init; } = ConfigMapTrust.Add;

    [Description("Paranoia level whose rules may block (OWASP CRS)."), Bounds(1, 4), Default("1")]
    public int Paranoia { get; init; } = 1;

    [Description("Paranoia level whose rules are run and logged; default: the same as paranoia."), Bounds(1, 4)]
    public int? DetectionParanoia { get; init; }

    [Description("Inbound anomaly score at which a request is blocked."), Bounds(1, 10000), Default("5")]
    public int InboundThreshold { get; init; } = 5;

    [Description("Outbound anomaly score at which a response is blocked."), Bounds(1, 10000), Default("4")]
    public int OutboundThreshold { get; init; } = 4;

    [Description("Inspect responses too (phases 3 and 4)."), Default("false")]
    public bool InspectResponses { get; init; }

    [Description("HTTP methods the application uses, in place of the default GET, HEAD, POST, OPTIONS, PUT, PATCH and "
        + "DELETE; others are an anomaly."), Items(32), Length(32, Minimum = 1)]
    [Pattern("^[A-Z]+$", Meaning = "a method in upper case")]
    public IReadOnlyList<string> AllowedMethods { get; init; } = [];

    [Description("Request body content types the application uses, added to the list of forms, XML, JSON under all "
        + "its names, text, gRPC, protobuf, files (pictures, audio, video, PDF, archives, office documents), git, "
        + "container images, octet-stream, other binary forms in common use, and all types with a registered suffix "
        + "such as +cbor."), Items(64)]
    [Length(128, Minimum = 3), Pattern("^[a-z0-9.+-]+/[a-z0-9.+-]+$", Meaning = "a media type in lower case")]
    public IReadOnlyList<string> AllowedContentTypes { get; init; } = [];

    [Description("Request headers the application uses although OWASP CRS restricts them (proxy, lock-token, if, and "
        + "accept-charset where responses are inspected or paranoia is 2 or more)."), Items(32)]
    [Length(64, Minimum = 1)]
    [Pattern("^[A-Za-z0-9-]+$", Meaning = "a header name")]
    public IReadOnlyList<string> AllowedHeaders { get; init; } = [];

    [Description("Charsets the application takes in content types, besides UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 "
        + "and Windows-1252."), Items(32), Length(40, Minimum = 1)]
    [Pattern("^[A-Za-z0-9_.:-]+$", Meaning = "a charset name such as shift_jis")]
    public IReadOnlyList<string> AllowedCharsets { get; init; } = [];

    [Description("File endings in paths that the application uses although OWASP CRS restricts them, such as axd, "
        + "xsd, log or sql (rule 920440)."), Items(64), Length(33, Minimum = 1)]
    [Pattern("^\\.?[A-Za-z0-9_-]+$", Meaning = "a file ending such as xsd")]
    public IReadOnlyList<string> AllowedExtensions { get; init; } = [];

    [Description("File endings in paths that are restricted besides those of OWASP CRS. An ending that is also in "
        + "allowedExtensions is allowed."), Items(64), Length(33, Minimum = 1)]
    [Pattern("^\\.?[A-Za-z0-9_-]+$", Meaning = "a file ending such as p12")]
    public IReadOnlyList<string> RestrictedExtensions { get; init; } = [];

    [Description("The application speaks WebDAV: its methods and headers are allowed, and its files may have any type, "
        + "name and ending."),
        Default("false")]
    public bool WebDav { get; init; }

    [Description("Applications whose known false positives are left out, by the packs that OWASP CRS 3.3 brings."),
        Items(8)]
    public IReadOnlyList<KnownApplication> Applications { get; init; } = [];

    [Description("Ids or id ranges (1000-1999) of rules that are not loaded."), Items(256), Length(41, Minimum = 1)]
    [Pattern("^[0-9]{1,19}(-[0-9]{1,19})?$", Meaning = "a rule id or a range such as 942100-942199")]
    public IReadOnlyList<string> DisabledRules { get; init; } = [];

    [Description("What follows from rules that cannot be read to their end: a quote that is not closed, a chain "
        + "without its last rule. Refuse: the policy is not taken over. LeaveOut: such a rule is left out with its "
        + "chain, which the condition Degraded (RulesWarning) says, and the rest is loaded, as ModSecurity does; what "
        + "it would have found passes."), Default("\"Refuse\"")]
    public UnreadableRules Unreadable { get; init; } = UnreadableRules.Refuse;

    [Description("SecLang evaluated before the rule sets (own exclusions, variables)."), Length(262144)]
    public string? InlineBefore { get; init; }

    [Description("SecLang evaluated after the rule sets (own rules)."), Length(262144)]
    public string? Inline { get; init; }
}

/// <summary>What follows from rules that cannot be read to their end.</summary>
public enum UnreadableRules { Refuse, LeaveOut }

/// <summary>What rules of ConfigMaps may do that the policy does not pin.</summary>
public enum ConfigMapTrust { Add, Full }

/// <summary>The content of a ConfigMap that whoever answers for the policy approved.</summary>
public sealed record ConfigMapDigest
{
    [Description("Name of the ConfigMap, one of configMaps."), RequiredField, Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string Name { get; init; } = "";

    [Description("SHA-256 over what LC_ALL=C sha256sum * prints in a folder with the files; the message about a "
        + "ConfigMap that differs "
        + "names it."), RequiredField, Length(71), Pattern(Patterns.Digest,
            Meaning = "sha256: and 64 hexadecimal digits")]
    public string Digest { get; init; } = "";
}

/// <summary>Applications that OWASP CRS has exclusion packs for.</summary>
public enum KnownApplication { WordPress, Nextcloud, Drupal, DokuWiki, CPanel, XenForo }
