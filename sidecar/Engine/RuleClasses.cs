using WafOperator.Engine.Program;

namespace WafOperator.Engine;

/// <summary>What a rule's score is about: whether models can judge the same thing.</summary>
public enum RuleClass
{
    /// <summary>
    /// Protocol, method, content type, scanner, reputation, restricted file: models know nothing of it, so its share of
    /// the anomaly score keeps a threshold of its own whatever models say. Rules that say nothing about themselves
    /// are of
    /// this class too.
    /// </summary>
    Standing,

    /// <summary>An attack in a value, of a family that models know: evidence beside their score.</summary>
    Attack,
}

/// <summary>
/// Sorts rules by what they are about, from ids and tags as OWASP CRS 3 and 4 write them (and every set that uses CRS'
/// tags). Pure. The table, also in sidecar/Scoring/README.md:
/// <list type="bullet">
/// <item>Standing by id: 910 to 913 (reputation, methods, floods, scanners), 920 and 922 (protocol, multipart),
/// 930130 and
/// 930140 (restricted files), 932180, 933110 and 933111 (uploads of programs by their name).</item>
/// <item>Attack by id: 921 (header injection, request splitting in values), 930 to 934, 941 to 944 otherwise, and
/// 920120 and 920121: quotes, semicolons and equal signs in the names of files and form fields. They stand for parsers
/// that read such a name in two ways; the multipart reader refuses a name that can be read in two ways, and the others
/// (a photograph named <c>Anna's garden (1).jpg</c>) are values like any.</item>
/// <item>Attack by tag: <c>attack-</c> sqli, xss, rce, lfi, rfi, ssrf, ssti, nosqli, ldap, xxe, fixation,
/// injection-….</item>
/// <item>Everything else stands.</item>
/// </list>
/// </summary>
public static class RuleClasses
{
    private static readonly HashSet<long> StandingIds = [930130, 930140, 932180, 933110, 933111];

    private static readonly HashSet<long> StandingGroups = [910, 911, 912, 913, 920, 922];

    private static readonly HashSet<long> AttackGroups = [921, 930, 931, 932, 933, 934, 941, 942, 943, 944];

    private static readonly HashSet<long> NamesInMultipart = [920120, 920121];

    private const long IdsPerGroup = 1000;

    private static readonly string[] AttackTags =
    [
        "attack-sqli", "attack-xss", "attack-rce", "attack-lfi", "attack-rfi", "attack-ssrf", "attack-ssti",
        "attack-nosqli", "attack-ldap", "attack-xxe", "attack-fixation",
    ];

    private const string InjectionTags = "attack-injection-";

    /// <summary>The class of a rule.</summary>
    public static RuleClass Of(long id, IEnumerable<string> tags)
    {
        var group = id / IdsPerGroup;
        if (NamesInMultipart.Contains(id)) return RuleClass.Attack;
        if (StandingIds.Contains(id) || StandingGroups.Contains(group)) return RuleClass.Standing;
        return AttackGroups.Contains(group) || tags.Any(IsAttack) ? RuleClass.Attack : RuleClass.Standing;
    }

    private static bool IsAttack(string tag) =>
        AttackTags.Contains(tag, StringComparer.OrdinalIgnoreCase)
        || tag.StartsWith(InjectionTags, StringComparison.OrdinalIgnoreCase);

    internal static RuleClass Of(CompiledRule rule) => Of(rule.Id, rule.TagTexts);
}
