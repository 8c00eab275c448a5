// Description: the value holds a percent sign that two hexadecimal digits do not follow.
// Arguments:   none.
// Example:     SecRule REQUEST_URI_RAW "@validateUrlEncoding" "id:1,phase:1,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class ValidateUrlEncoding : RuleOperator
{
    public override PatternCondition Condition => PatternCondition.ContainsAny(["%"u8.ToArray()]);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        for (var at = value.IndexOf((byte)'%'); at >= 0 && at < value.Length;)
        {
            if (at + 2 >= value.Length || !char.IsAsciiHexDigit((char)value[at + 1])
                || !char.IsAsciiHexDigit((char)value[at + 2]))
            {
                return true;
            }

            var next = value[(at + 3)..].IndexOf((byte)'%');
            at = next < 0 ? -1 : at + 3 + next;
        }

        return false;
    }
}
