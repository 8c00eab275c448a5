using System.Buffers;
using WafOperator.Engine.Values;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Decides whether a rule is chosen by a <see cref="RuleSelection"/>. A tag or message is compared as it is, as in
/// ModSecurity 3; one that holds characters of a pattern is also tried as one, as the reference manual says.
/// </summary>
internal sealed class SelectionMatcher
{
    private static readonly SearchValues<char> PatternCharacters = SearchValues.Create("*+?[](){}|^$\\");

    private readonly RuleSelection _selection;
    private readonly NamePattern? _pattern;

    public SelectionMatcher(RuleSelection selection)
    {
        _selection = selection;
        if (selection.Kind != RuleSelectionKind.Id && selection.Pattern.AsSpan().IndexOfAny(PatternCharacters) >= 0)
        {
            _pattern = NamePattern.Compile(selection.Pattern, out _);
        }
    }

    public bool Matches(long id, IEnumerable<string> tags, string message) => _selection.Kind switch
    {
        RuleSelectionKind.Id => _selection.ContainsId(id),
        RuleSelectionKind.Tag => tags.Any(Fits),
        _ => message.Length > 0 && Fits(message),
    };

    private bool Fits(string text) =>
        text.Equals(_selection.Pattern, StringComparison.Ordinal) || (_pattern is not null
            && _pattern.IsMatch(System.Text.Encoding.Latin1.GetBytes(text)));
}
