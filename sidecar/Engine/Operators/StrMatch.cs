// Description: the text occurs in the value; ModSecurity's name for a fast @contains.
// Arguments:   the text; macros are expanded.
// Example:     SecRule REQUEST_HEADERS:User-Agent "@strmatch WebZIP" "id:1,phase:1,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class StrMatch(Macro text, byte[] constant) : TextOperator(text, constant)
{
    public override PatternCondition Condition => TextOccurs;

    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text) =>
        value.IndexOf(text) >= 0;
}
