// Description: the text occurs in the value with no letter, digit or underscore directly before or after it.
// Arguments:   the text; macros are expanded.
// Example:     SecRule ARGS "@containsWord select" "id:1,phase:2,pass"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class ContainsWord(Macro text, byte[] constant) : TextOperator(text, constant)
{
    public override PatternCondition Condition => TextOccurs;

    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return true;
        }

        for (var from = 0; from <= value.Length - text.Length; from++)
        {
            var next = value[from..].IndexOf(text);
            if (next < 0)
            {
                return false;
            }

            from += next;
            var end = from + text.Length;
            if ((from == 0 || !IsWord(value[from - 1])) && (end == value.Length || !IsWord(value[end])))
            {
                state.Capture(from, text.Length);
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(byte value) =>
        value == '_' || (uint)(value - '0') <= 9 || (uint)((value | 0x20) - 'a') <= 25;
}
