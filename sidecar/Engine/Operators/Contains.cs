// Description: the text occurs in the value.
// Arguments:   the text; macros are expanded.
// Example:     SecRule REQUEST_LINE "@contains .php" "id:1,phase:1,pass"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class Contains(Macro text, byte[] constant) : TextOperator(text, constant)
{
    public override PatternCondition Condition => TextOccurs;

    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text)
    {
        var at = value.IndexOf(text);
        if (at < 0)
        {
            return false;
        }

        state.Capture(at, text.Length);
        return true;
    }
}
