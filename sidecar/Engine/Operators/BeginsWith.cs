// Description: the value starts with the text.
// Arguments:   the text; macros are expanded.
// Example:     SecRule ARGS:path "@beginsWith /admin" "id:1,phase:2,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class BeginsWith(Macro text, byte[] constant) : TextOperator(text, constant)
{
    public override PatternCondition Condition => TextOccurs;

    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text)
    {
        if (!value.StartsWith(text))
        {
            return false;
        }

        state.Capture(0, text.Length);
        return true;
    }
}
