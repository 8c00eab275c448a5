using WafOperator.Engine.Values;
using WafOperator.Matching;

namespace WafOperator.Engine.Program;

/// <summary>
/// A rule's test on one value, with its argument compiled in. Immutable and shareable; what a test needs while it runs
/// is in the transaction.
/// </summary>
internal abstract class RuleOperator
{
    /// <summary>
    /// What a value must contain so that the operator can match it: never stricter than the truth, so that a filter
    /// built on it is wrong towards work only.
    /// </summary>
    public virtual PatternCondition Condition => PatternCondition.Always;

    /// <summary>
    /// Steps (see <see cref="StepMeter"/>) that testing the value takes at most. What an operator spends itself, step
    /// by step, is not part of it.
    /// </summary>
    public virtual long StepsFor(ReadOnlySpan<byte> value) => value.Length;

    /// <summary>
    /// Whether a value passes the test. Where it does, captures may be left in <see cref="MatchState"/>.
    /// </summary>
    public abstract bool Matches(MatchState state, ReadOnlySpan<byte> value);
}
