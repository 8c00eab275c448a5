using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.Protocols.Events;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Policies.Exclusions;

/// <summary>An exclusion that would let an event pass, or the reason why none can be proposed.</summary>
public sealed record ExclusionProposal(WafExclusion? Exclusion, string? Problem)
{
    /// <summary>How long a proposed exclusion holds.</summary>
    public static readonly TimeSpan HoldsFor = TimeSpan.FromDays(90);

    private const double ModelCounts = 0.5;
    private const int RulesMax = 64;

    /// <summary>
    /// The narrowest exclusion by which an event would have passed: its path, its method, the one part that was
    /// matched,
    /// the rules that matched there, and models only where they scored that part. Pure.
    /// </summary>
    /// <param name="e">The event.</param>
    /// <param name="route">
    /// Its route: where that has a variable segment, the exclusion ends before it. Null: its path alone.
    /// </param>
    /// <param name="reason">Why, in the words of the person who asks.</param>
    /// <param name="now">The time; the exclusion ends ninety days later.</param>
    public static ExclusionProposal Of(SecurityEvent e, string? route, string reason, DateTimeOffset now)
    {
        if (e.Reason is not ("Rules" or "Model"))
            return new(null, $"the event was decided by {e.Reason}: an exclusion changes rules and models only");
        var matches = e.Rules.Where(rule => !IsVerdict(rule.Id) && rule.Variable is not null).ToList();
        var parts = matches.Select(rule => PartOf(rule.Variable!))
            .Concat(e.Models.Where(IsHigh).Where(m => m.Part is not null).Select(m => PartOf(m.Part!)))
            .Distinct().ToList();
        if (parts.Count == 0) return new(null, "no rule or model names the part of the request that it found");
        if (parts.Count > 1)
        {
            return new(null, "more than one part of the request was matched ("
                + string.Join(", ", parts.Select(p => p.Name ?? p.Kind.ToString()).Take(8))
                + "): an exclusion holds for one; write one for each part that is a false positive");
        }

        // Whoever sends requests chooses their paths; a pattern is not for him to write.
        if (e.Path.EndsWith('*'))
            return new(null, "the path ends with *, which an exclusion would take for a pattern: write one by hand");
        var rules = matches.Select(rule => rule.Id.ToString(CultureInfo.InvariantCulture)).Distinct().Take(RulesMax)
            .ToList();
        var models = e.Models.Where(IsHigh).Select(model => model.Model).Distinct().ToList();
        return new(
            new WafExclusion
            {
                Metadata = new ObjectMeta { Name = NameOf(e, parts[0]), Namespace = e.Namespace },
                Spec = new WafExclusionSpec
                {
                    Policy = e.Policy,
                    Match = new ExclusionMatch
                    {
                        Path = PathOf(e.Path, route), Methods = Methods(e.Method), Part = parts[0].Kind, Name =
                            parts[0].Name,
                    },
                    Rules = rules,
                    Models = models,
                    Reason = reason,
                    ExpiresAt = now + HoldsFor,
                },
            },
            null);
    }

    /// <summary>
    /// Whether an event would have passed with an exclusion: all that was found in it is what the exclusion takes away.
    /// An event that was decided by something else stays as it is.
    /// </summary>
    public static bool LetsPass(WafExclusion exclusion, SecurityEvent e)
    {
        var (spec, match) = (exclusion.Spec, exclusion.Spec.Match);
        if (spec.Policy != e.Policy || exclusion.Metadata.Namespace != e.Namespace) return false;
        if (e.Reason is not ("Rules" or "Model")) return false;
        if (match?.Path is { } path && !Matches(path, e.Path)) return false;
        if (match?.Methods is { Count: > 0 } methods
            && !methods.Contains(e.Method, StringComparer.Ordinal)) return false;
        return e.Rules.Where(rule => !IsVerdict(rule.Id)).All(rule =>
                rule.Variable is not null && Holds(match, rule.Variable)
                    && spec.Rules.Any(range => Covers(range, rule.Id)))
            && e.Models.Where(IsHigh).All(model =>
                model.Part is not null && Holds(match, model.Part)
                    && spec.Models.Contains(model.Model, StringComparer.Ordinal));
    }

    /// <summary>Rules that make the verdict out of what others found; they are never excluded.</summary>
    private static bool IsVerdict(long id) => id is >= 949_000 and < 950_000 or >= 959_000 and < 960_000 or >= 980_000
        and < 981_000;

    private static bool IsHigh(ModelResult model) => model.Outcome == "Scored" && model.Score >= ModelCounts;

    private static bool Holds(ExclusionMatch? match, string variable)
    {
        if (match is null || match.Part is RequestPartKind.Any && match.Name is null) return true;
        var (kind, name) = PartOf(variable);
        return (match.Part is RequestPartKind.Any || match.Part == kind)
            && (match.Name is null || string.Equals(match.Name, name, StringComparison.OrdinalIgnoreCase));
    }

    private static bool Covers(string range, long id)
    {
        var ends = range.Split('-');
        return long.TryParse(ends[0], CultureInfo.InvariantCulture, out var from)
            && (ends.Length == 1 ? id == from
                : long.TryParse(ends[1], CultureInfo.InvariantCulture, out var to) && id >= from && id <= to);
    }

    private static bool Matches(string pattern, string path) => pattern.EndsWith('*')
        ? path.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : path == pattern;

    private static string PathOf(string path, string? route)
    {
        if (route is null) return path;
        // A brace that the path has as well stands for nothing.
        var variable = path.AsSpan().CommonPrefixLength(route);
        return variable < route.Length && route[variable] == '{' ? route[..variable] + "*" : path;
    }

    private static List<string> Methods(string method) =>
        method.Length > 0 && method.All(char.IsAsciiLetterUpper) ? [method] : [];

    /// <summary>A variable of a rule (<c>ARGS:q</c>) or a part of a model (<c>query:q</c>), as exclusions name
    /// it.</summary>
    private static (RequestPartKind Kind, string? Name) PartOf(string variable)
    {
        var colon = variable.IndexOf(':', StringComparison.Ordinal);
        var collection = (colon < 0 ? variable : variable[..colon]).ToUpperInvariant();
        var name = colon < 0 || colon == variable.Length - 1 ? null : variable[(colon + 1)..];
        if (name is not null) name = ArrayItem.Replace(name, "array_*");
        return collection switch
        {
            "ARGS" or "ARGS_GET" or "ARGS_POST" or "QUERY" or "FORM" or "JSON" or "ARGS_NAMES" or "FILES" or "BODY"
                when name is not null
                => (RequestPartKind.Parameter, name),
            "REQUEST_COOKIES" or "REQUEST_COOKIES_NAMES" or "COOKIE" => (RequestPartKind.Cookie, name),
            "REQUEST_HEADERS" or "REQUEST_HEADERS_NAMES" or "HEADER" => (RequestPartKind.Header, name),
            "REQUEST_FILENAME" or "REQUEST_URI" or "REQUEST_URI_RAW" or "REQUEST_BASENAME" or "PATH" =>
                (RequestPartKind.Path, null),
            "ARGS" or "ARGS_NAMES" or "ARGS_GET" or "ARGS_POST" or "QUERY" or "QUERY_STRING" =>
                (RequestPartKind.Parameter, null),
            _ => (RequestPartKind.Body, null),
        };
    }

    private static string NameOf(SecurityEvent e, (RequestPartKind Kind, string? Name) part)
    {
        var text = NotOfAName.Replace($"{e.Policy}-{part.Name ?? part.Kind.ToString()}".ToLowerInvariant(), "-");
        return text[..Math.Min(text.Length, 50)].Trim('-') + "-" + e.Id[^8..];
    }

    private static readonly Regex ArrayItem = new("array_[0-9]+", RegexOptions.Compiled);
    private static readonly Regex NotOfAName = new("[^a-z0-9]+", RegexOptions.Compiled);
}
