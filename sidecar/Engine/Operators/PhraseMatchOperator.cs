// Description: one of many phrases occurs in the value, letters without case: @pm, @pmFromFile.
// Arguments:   @pm: phrases parted by spaces; @pmFromFile: names of files with one phrase per line.
// Example:     SecRule REQUEST_HEADERS:User-Agent "@pm nikto sqlmap" "id:1,phase:1,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class PhraseMatchOperator(byte[][] phrases) : RuleOperator
{
    private PhraseSet? _set;

    public override PatternCondition Condition => PatternCondition.ContainsAny(phrases);

    public override long StepsFor(ReadOnlySpan<byte> value) => 3L * value.Length;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        // Built at the first use: most requests never get here. Two threads may build it; either result is good.
        var set = _set ??= PhraseSet.Create(phrases);
        if (!set.TryFind(value, out var match))
        {
            return false;
        }

        state.Capture(match.Start, match.Length);
        return true;
    }
}
