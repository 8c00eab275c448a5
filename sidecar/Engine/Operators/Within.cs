// Description: the value occurs in the text (the other way round than @contains); an empty value does.
// Arguments:   the text; macros are expanded.
// Example:     SecRule REQUEST_METHOD "!@within GET,POST,HEAD" "id:1,phase:1,deny"
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class Within(Macro text, byte[] constant) : TextOperator(text, constant)
{
    protected override bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text)
    {
        if (text.IndexOf(value) < 0)
        {
            return false;
        }

        state.Capture(0, value.Length);
        return true;
    }
}
