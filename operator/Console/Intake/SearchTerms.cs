using System.Globalization;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Intake;

/// <summary>Words that a search finds an event by. Pure; bounded.</summary>
public static class SearchTerms
{
    /// <summary>Longest word; longer ones are found by their beginning.</summary>
    public const int LengthMax = 40;

    private const int TermsMax = 48;
    private const int RulesMax = 64;
    private const int LengthMin = 2;

    public static IReadOnlyList<string> Of(SecurityEvent e, string kind)
    {
        var terms = new HashSet<string>(StringComparer.Ordinal);
        Add(terms, e.Client);
        Add(terms, kind);
        Add(terms, e.Reason);
        Add(terms, e.Verdict is VerdictKind.Block ? "blocked" : e.Verdict.ToString());
        Add(terms, e.Method);
        foreach (var rule in e.Rules) Add(terms, rule.Id.ToString(CultureInfo.InvariantCulture));
        AddWords(terms, e.Path);
        AddWords(terms, e.Host ?? "");
        foreach (var name in e.Exclusions) Add(terms, name);
        foreach (var rule in e.Rules)
        {
            AddWords(terms, rule.Variable ?? "");
            AddWords(terms, rule.Message ?? "");
        }

        var rules = e.Rules.Take(RulesMax).Select(static rule => PreparedEvent.TermOfRule(rule.Id)).Distinct();
        return [.. terms, .. rules];
    }

    /// <summary>The words of a text, as they are stored and looked for.</summary>
    public static IEnumerable<string> Words(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var isWord = i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] is '_' or '-' or '.' or ':');
            if (isWord && start < 0) start = i;
            if (isWord || start < 0) continue;
            yield return Normal(text[start..i]);
            start = -1;
        }
    }

    private static void AddWords(HashSet<string> terms, string text)
    {
        foreach (var word in Words(text)) Add(terms, word);
    }

    private static void Add(HashSet<string> terms, string term)
    {
        if (terms.Count < TermsMax && Normal(term) is { Length: >= LengthMin } normal) terms.Add(normal);
    }

    private static string Normal(string word)
    {
        word = word.Trim('.', ':', '-').ToLowerInvariant();
        return word.Length > LengthMax ? word[..LengthMax] : word;
    }
}
