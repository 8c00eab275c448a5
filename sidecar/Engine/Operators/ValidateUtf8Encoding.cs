// Description: the value is not well-formed UTF-8 (overlong forms, surrogates and code points beyond U+10FFFF are not).
// Arguments:   none.
// Example:     SecRule ARGS "@validateUtf8Encoding" "id:1,phase:2,deny"
using System.Text.Unicode;
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class ValidateUtf8Encoding : RuleOperator
{
    public override PatternCondition Condition =>
        PatternCondition.ContainsAny([.. Enumerable.Range(0x80, 0x80).Select(b => new[] { (byte)b })]);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value) => !Utf8.IsValid(value);
}
