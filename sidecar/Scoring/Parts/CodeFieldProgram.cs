using WafOperator.Http;
using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Parts;

/// <summary>Fields that carry code, as rules are held against them. Immutable.</summary>
public sealed class CodeFieldProgram
{
    private readonly (ModelExclusion Match, CodeField Field)[] _fields;

    /// <param name="fields">All of the policy.</param>
    public CodeFieldProgram(IEnumerable<CodeField> fields) =>
        _fields = [.. fields.Select(field => (ModelExclusion.OfCode(field), field))];

    /// <summary>Some field may be of the request, by its path.</summary>
    public bool Concerns(CanonicalRequest request)
    {
        foreach (var (match, _) in _fields)
        {
            if (match.MatchesRequest(request)) return true;
        }

        return false;
    }

    /// <summary>
    /// The field in whose text a rule of these tags is only noted; null where it counts as everywhere: it is of another
    /// family, or the value is of another part of the request, or no text.
    /// </summary>
    /// <param name="request">The request, its body read.</param>
    /// <param name="value">The value in which the rule found something.</param>
    /// <param name="tags">The rule's tags.</param>
    public CodeField? Find(CanonicalRequest request, Slice value, ReadOnlySpan<string> tags)
    {
        foreach (ref readonly var argument in request.BodyArguments)
        {
            if (argument.Value != value) continue;
            foreach (var (match, field) in _fields)
            {
                if (match.HasName(request[argument.Name]) && match.MatchesRequest(request)
                    && IsOf(field, tags)) return CodeText.IsText(request[value]) ? field : null;
            }
        }

        return null;
    }

    private static bool IsOf(CodeField field, ReadOnlySpan<string> tags)
    {
        foreach (var tag in tags)
        {
            if (field.RuleTags.Contains(tag, StringComparer.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
