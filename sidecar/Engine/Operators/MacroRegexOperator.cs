// Description: @rx whose pattern holds macros, so that it is only known when the rule runs.
// Arguments:   the pattern.
// Example:     SecRule REQUEST_HEADERS:Origin "!@rx ^%{tx.allowed_origin}$" "id:1,phase:1,deny"
using System.Collections.Concurrent;
using System.Text;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class MacroRegexOperator(Macro pattern) : RuleOperator
{
    private const int CachedMax = 64;

    private readonly ConcurrentDictionary<string, RegexOperator?> _compiled = new(StringComparer.Ordinal);

    public override long StepsFor(ReadOnlySpan<byte> value) => 0;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(state.Expand(pattern));
        if (!_compiled.TryGetValue(text, out var compiled))
        {
            if (!state.TrySpend((long)StepMeter.CompileByte * text.Length))
            {
                return false;
            }

            compiled = RegexOperator.Create(text, isGlobal: false, out _);
            if (_compiled.Count < CachedMax)
            {
                _compiled.TryAdd(text, compiled);
            }
        }

        return compiled is not null && compiled.Matches(state, value);
    }
}
