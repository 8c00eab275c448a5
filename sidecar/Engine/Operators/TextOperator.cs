using WafOperator.Engine.Program;
using WafOperator.Engine.Transformations;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <summary>
/// An operator that compares with one text, whose macros are expanded for each test. Letters have case, as in
/// ModSecurity.
/// </summary>
internal abstract class TextOperator(Macro text, byte[] constant) : RuleOperator
{
    private const int BytesComparedPerStep = 16;

    /// <summary>The text where it holds no macro, otherwise null.</summary>
    protected byte[]? Constant { get; } = text.IsConstant ? constant : null;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        if (Constant is not null)
        {
            return Matches(state, value, Constant);
        }

        // Both may come from the request: looking for one in the other can then cost the product of their lengths.
        var expanded = state.Expand(text);
        return state.TrySpend((long)value.Length * expanded.Length / BytesComparedPerStep)
            && Matches(state, value, expanded);
    }

    protected abstract bool Matches(MatchState state, ReadOnlySpan<byte> value, ReadOnlySpan<byte> text);

    /// <summary>The condition of operators whose text must occur in the value.</summary>
    protected PatternCondition TextOccurs => Constant is { Length: > 0 }
        ? PatternCondition.ContainsAny([Constant])
        : PatternCondition.Always;
}
