using System.Collections.Frozen;
using WafOperator.Protocols.Events;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Console.Intake;

/// <summary>What kind of attack an event is, out of a closed list, and which part of the request it is in.
/// Pure.</summary>
public static class AttackKinds
{
    /// <summary>An attack of no known family.</summary>
    public const string Other = "other";

    private const int ParameterMax = 64;
    private const string AttackTag = "attack-";

    private static readonly FrozenDictionary<string, string> Families = Names();

    /// <summary>Variables that hold what a client sent; matches elsewhere are about the verdict or the request as a
    /// whole.</summary>
    private static readonly string[] Sent =
        ["ARGS", "REQUEST_COOKIES", "REQUEST_HEADERS", "XML", "JSON", "FILES", "MULTIPART", "REQUEST_BODY"];

    /// <summary>Every kind that there is.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Families.Values.Concat([Other, "rate-limit", "access-list", "limit", "unavailable", "uninspected",
            "behaviour", "schema"])
            .Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The kind; empty for a request that passed and would have passed.</summary>
    public static string Of(SecurityEvent e)
    {
        if (e.Verdict is VerdictKind.Allow && e.WouldHave is VerdictKind.Allow) return "";
        switch (e.Reason)
        {
            case "RateLimit": return "rate-limit";
            case "AccessList": return "access-list";
            case "Limit": return "limit";
            case "Protocol": return "protocol";
            case "Unavailable": return "unavailable";
            case "Uninspected": return "uninspected";
            case "Behaviour": return "behaviour";
            case "Schema": return "schema";
            default: return OfMatches(e);
        }
    }

    /// <summary>The part of the request that was matched; empty when it is the request as a whole.</summary>
    public static string ParameterOf(SecurityEvent e)
    {
        var variable = e.Rules.Select(rule => rule.Variable)
            .FirstOrDefault(name => name is not null
                && Array.Exists(Sent, s => name.StartsWith(s, StringComparison.Ordinal)))
            ?? e.Models.Where(model => model.Part is not null).MaxBy(model => model.Score)?.Part ?? "";
        if (variable.Length > ParameterMax) variable = variable[..ParameterMax];
        return Numbers(variable);
    }

    private static string OfMatches(SecurityEvent e)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var tag in e.Rules.SelectMany(rule => rule.Tags))
        {
            if (FamilyOfTag(tag) is { } family)
                counts[family] = counts.GetValueOrDefault(family) + Weight(family);
        }

        foreach (var model in e.Models)
        {
            if (model.Family is { } name && FamilyOf(name) is { } family)
                counts[family] = counts.GetValueOrDefault(family) + Weight(family);
        }

        return counts.Count == 0 ? Other
            : counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).First().Key;
    }

    /// <summary>A rule about the protocol or of no family says less than one about an attack.</summary>
    private static int Weight(string family) => family is "protocol" or "generic" or "scanner" ? 1 : 3;

    /// <summary>The family that a rule's tag names; null for tags about something else.</summary>
    internal static string? FamilyOfTag(string tag) =>
        tag.StartsWith(AttackTag, StringComparison.Ordinal) ? FamilyOf(tag[AttackTag.Length..]) : null;

    /// <summary>The family of a name of rules or models; null for one that is not known.</summary>
    internal static string? FamilyOf(string name)
    {
        // CRS: attack-sqli, attack-injection-php, attack-reputation-scanner, attack-fixation.
        foreach (var word in name.Split('-').Reverse())
        {
            if (Families.TryGetValue(word, out var family)) return family;
        }

        return null;
    }

    private static FrozenDictionary<string, string> Names()
    {
        var names = Enum.GetNames<AttackFamily>().Select(name => name.ToLowerInvariant())
            .ToDictionary(name => name, name => name, StringComparer.OrdinalIgnoreCase);
        names["fixation"] = "sessionfixation";
        names["session"] = "sessionfixation";
        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Numbers in names (<c>items.17.name</c>) stand for any.</summary>
    private static string Numbers(string name)
    {
        var text = new System.Text.StringBuilder(name.Length);
        foreach (var c in name)
        {
            var digit = char.IsAsciiDigit(c);
            if (digit && text.Length > 0 && text[^1] == '#') continue;
            text.Append(digit ? '#' : c);
        }

        return text.ToString();
    }
}
