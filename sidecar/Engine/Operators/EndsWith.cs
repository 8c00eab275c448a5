// Description: the value ends with the text.
// Arguments:   the text; macros are expanded.
// Example:     SecRule REQUEST_BASENAME "@endsWith .bak" "id:1,phase:2,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class EndsWith(Macro text, byte[] constant) : TextOperator(text, constant)
{
    public override PatternCondition Condition => TextOccurs;

    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text)
    {
        if (!value.EndsWith(text))
        {
            return false;
        }

        state.Capture(value.Length - text.Length, text.Length);
        return true;
    }
}
