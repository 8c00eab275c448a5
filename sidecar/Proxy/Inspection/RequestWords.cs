using System.Buffers;
using WafOperator.Engine;
using WafOperator.Protocols.Status;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// Finds in a request what OWASP CRS has lists of: its method, media type and charset, where a rule found that the list
/// lacks it and nothing else was found. Pure.
/// </summary>
internal static class RequestWords
{
    /// <summary>What a rule of these adds to the score: each is critical.</summary>
    private const long ScoreOfOne = 5;

    private const int MethodCharactersMax = 32;
    private const int TypeCharactersMax = 128;
    private const int CharsetCharactersMax = 40;

    private static readonly SearchValues<char> OfMethods = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    private static readonly SearchValues<char> OfTypes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.+-/");
    private static readonly SearchValues<char> OfCharsets =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.:-");

    /// <summary>The values that a request was found to have for its only fault.</summary>
    /// <param name="matches">Rules that matched.</param>
    /// <param name="score">Their anomaly score: more than these rules add up to means something else was found.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="contentType">Its Content-Type, or null.</param>
    public static IReadOnlyList<(SeenKind Kind, string Value)> Unlisted(
        IReadOnlyList<MatchedRule> matches, long score, string method, string? contentType)
    {
        var kinds = matches.Select(match => KindOf(match.Id)).OfType<SeenKind>().Distinct().ToList();
        if (kinds.Count == 0 || score > kinds.Count * ScoreOfOne) return [];
        return
        [
            .. kinds.Select(kind => (kind, Value: ValueOf(kind, method, contentType)))
                .Where(found => found.Value is not null).Select(found => (found.kind, found.Value!)),
        ];
    }

    /// <summary>Numbers that CRS 3 and 4 share.</summary>
    private static SeenKind? KindOf(long rule) => rule switch
    {
        911100 => SeenKind.Method,
        920420 => SeenKind.ContentType,
        920480 => SeenKind.Charset,
        _ => null,
    };

    private static string? ValueOf(SeenKind kind, string method, string? contentType) => kind switch
    {
        SeenKind.Method => Within(method, MethodCharactersMax, OfMethods),
        SeenKind.ContentType => Within(
            contentType?.Split(';')[0].Trim().ToLowerInvariant(), TypeCharactersMax, OfTypes),
        _ => Within(CharsetOf(contentType), CharsetCharactersMax, OfCharsets),
    };

    private static string? CharsetOf(string? contentType) => contentType?.Split(';').Skip(1)
        .Select(parameter => parameter.Split('=', 2))
        .Where(pair => pair.Length == 2 && pair[0].Trim().Equals("charset", StringComparison.OrdinalIgnoreCase))
        .Select(pair => pair[1].Trim().Trim('"').ToLowerInvariant()).FirstOrDefault();

    private static string? Within(string? text, int charactersMax, SearchValues<char> allowed) =>
        text is { Length: > 0 } && text.Length <= charactersMax && !text.AsSpan().ContainsAnyExcept(allowed) ? text
        : null;
}
