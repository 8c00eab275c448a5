using System.Globalization;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Api;

/// <summary>Parameters of a list, as they stand in an address: the same for the API and for pages. Pure.</summary>
public static class QueryParameters
{
    private const int TextMax = 256;

    /// <summary>The query, or the first thing that is wrong with it.</summary>
    public static (EventQuery? Query, string? Problem) Events(IQueryCollection query, AccessScope scope,
        DateTimeOffset now)
    {
        var problems = new List<string>();
        var words = Words(Text(query, "q"), now);
        var result = words with
        {
            Scope = scope,
            From = Time(query, "from", problems) ?? words.From,
            To = Time(query, "to", problems) ?? words.To,
            Policy = Text(query, "policy") ?? words.Policy,
            Client = Text(query, "client") ?? words.Client,
            Method = Text(query, "method")?.ToUpperInvariant(),
            Verdict = Name<VerdictKind>(query, "verdict", problems) ?? words.Verdict,
            IsAttack = Flag(query, "attack", problems) ?? words.IsAttack,
            IsWhole = Flag(query, "whole", problems),
            Reason = Text(query, "reason"),
            Kind = Text(query, "kind") ?? words.Kind,
            Rule = Number(query, "rule", problems) ?? words.Rule,
            Attack = Number(query, "group", problems),
            AtLeast = Name<ThreatLevel>(query, "threat", problems),
            Label = Name<EventLabel>(query, "label", problems),
            Limit = Limit(query, problems),
            After = Cursor(query, problems),
        };
        return problems.Count == 0 ? (result, null) : (null, problems[0]);
    }

    /// <summary>The query of attacks, or the first thing that is wrong with it.</summary>
    public static (AttackQuery? Query, string? Problem) Attacks(IQueryCollection query, AccessScope scope)
    {
        var problems = new List<string>();
        var result = new AttackQuery
        {
            Scope = scope,
            From = Time(query, "from", problems),
            To = Time(query, "to", problems),
            Policy = Text(query, "policy"),
            Kind = Text(query, "kind"),
            Label = Name<EventLabel>(query, "label", problems),
            Text = Text(query, "q"),
            Limit = Limit(query, problems),
            After = Cursor(query, problems),
        };
        return problems.Count == 0 ? (result, null) : (null, problems[0]);
    }

    /// <summary>
    /// A search in words: <c>xss today</c>, <c>p:front rule:942100</c>, <c>client:198.51.100.7 blocked</c>. What means
    /// nothing special is a word to find.
    /// </summary>
    public static EventQuery Words(string? text, DateTimeOffset now)
    {
        var query = new EventQuery { Scope = AccessScope.Of([]) };
        var words = new List<string>();
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        foreach (var word in (text ?? "")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            var (key, value) = colon > 0 ? (word[..colon].ToLowerInvariant(), word[(colon + 1)..])
                : (word.ToLowerInvariant(), "");
            switch (key)
            {
                case "today": query = query with { From = today }; break;
                case "yesterday": query = query with { From = today.AddDays(-1), To = today }; break;
                case "blocked": query = query with { Verdict = VerdictKind.Block }; break;
                case "allowed": query = query with { Verdict = VerdictKind.Allow }; break;
                case "p" or "policy" when value.Length > 0: query = query with { Policy = value }; break;
                case "client" or "ip" when value.Length > 0: query = query with { Client = value }; break;
                case "rule" when long.TryParse(value, CultureInfo.InvariantCulture, out var rule):
                    query = query with { Rule = rule };
                    break;
                case "kind" when value.Length > 0: query = query with { Kind = value.ToLowerInvariant() }; break;
                default:
                    if (value.Length == 0 && AttackKinds.All.Contains(key)) query = query with { Kind = key };
                    else words.AddRange(SearchTerms.Words(word).Where(w => w.Length > 1));
                    break;
            }
        }

        return query with { Words = [.. words.Distinct().Take(EventQuery.WordsMax)] };
    }

    private static string? Text(IQueryCollection query, string name) =>
        query[name].FirstOrDefault() is { Length: > 0 and <= TextMax } text ? text : null;

    private static DateTimeOffset? Time(IQueryCollection query, string name, List<string> problems)
    {
        if (Text(query, name) is not { } text) return null;
        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var time))
            return time;
        problems.Add($"{name}: a time such as 2026-11-30T12:00:00Z");
        return null;
    }

    private static long? Number(IQueryCollection query, string name, List<string> problems)
    {
        if (Text(query, name) is not { } text) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        problems.Add($"{name}: a number");
        return null;
    }

    private static bool? Flag(IQueryCollection query, string name, List<string> problems)
    {
        if (Text(query, name) is not { } text) return null;
        if (bool.TryParse(text, out var flag)) return flag;
        problems.Add($"{name}: true or false");
        return null;
    }

    private static T? Name<T>(IQueryCollection query, string name, List<string> problems)
        where T : struct, Enum
    {
        if (Text(query, name) is not { } text) return null;
        // A number would be taken for a name that does not exist.
        if (char.IsAsciiLetter(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var value)
            && Enum.IsDefined(value))
            return value;
        problems.Add($"{name}: one of {string.Join(", ", Enum.GetNames<T>())}");
        return null;
    }

    private static int Limit(IQueryCollection query, List<string> problems) =>
        Number(query, "limit", problems) is { } limit ? (int)Math.Clamp(limit, 1, EventQuery.LimitMax) : 50;

    private static PageCursor? Cursor(IQueryCollection query, List<string> problems)
    {
        if (Text(query, "cursor") is not { } text) return null;
        var cursor = PageCursor.Parse(text);
        if (cursor is null) problems.Add("cursor: what an earlier answer gave as next");
        return cursor;
    }
}
