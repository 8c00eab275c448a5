using WafOperator.Engine.Values;
using WafOperator.SecLang;

namespace WafOperator.Engine.Program;

/// <summary>
/// The rules of one phase in order, and what is known beforehand about which of them can matter.
///
/// Rules like CRS's <c>SecRule TX:EXECUTING_PARANOIA_LEVEL "@lt 2" …skipAfter…</c> depend on TX variables that no
/// later rule of the phase writes (<see cref="Gate"/>s). From the barrier on, behind the last of those writers,
/// their outcome is a fact: for each combination of the variables' values there is one <see cref="LivePlan"/>, made
/// once, that leaves out the gates and all they skip.
/// </summary>
internal sealed class PhasePlan
{
    private const int PlansMax = 16;

    private readonly Lock _lock = new();
    private LivePlan[] _plans = [];

    public required CompiledRule[] Rules { get; init; }

    /// <summary>
    /// For each rule where its <c>skipAfter</c> lands: a place in <see cref="Rules"/>, or their number.
    /// </summary>
    public required int[] SkipTargets { get; init; }

    /// <summary>Rules before this place run one by one, unfiltered.</summary>
    public required int Barrier { get; init; }

    public required Gate?[] Gates { get; init; }

    /// <summary>The TX places the gates read.</summary>
    public required int[] GateSlots { get; init; }

    /// <summary>The plan for the values the gates' variables have now.</summary>
    public LivePlan Find(VariableStore tx, ProgramParts parts)
    {
        Span<long> key = stackalloc long[GateSlots.Length * 2];
        for (var i = 0; i < GateSlots.Length; i++)
        {
            key[2 * i] = tx.IsSet(GateSlots[i]) ? 1 : 0;
            key[(2 * i) + 1] = tx.Number(GateSlots[i]);
        }

        foreach (var plan in Volatile.Read(ref _plans))
        {
            if (key.SequenceEqual(plan.Key))
            {
                return plan;
            }
        }

        return Add(key.ToArray(), parts);
    }

    private LivePlan Add(long[] key, ProgramParts parts)
    {
        lock (_lock)
        {
            var known = _plans.FirstOrDefault(plan => plan.Key.AsSpan().SequenceEqual(key));
            if (known is not null)
            {
                return known;
            }

            var isFull = _plans.Length >= PlansMax;
            var plan = LivePlanBuilder.Build(this, key, foldGates: !isFull, parts);
            if (!isFull)
            {
                Volatile.Write(ref _plans, [.. _plans, plan]);
            }

            return plan;
        }
    }
}

/// <summary>A rule that only skips, depending on numbers in TX.</summary>
/// <param name="Tests">What is tested; the rule matches when one of them holds.</param>
internal sealed record Gate(GateTest[] Tests)
{
    /// <summary>Whether the rule matches for the given values (set, number for each slot of the plan).</summary>
    public bool Matches(ReadOnlySpan<int> slots, ReadOnlySpan<long> key)
    {
        foreach (var test in Tests)
        {
            var at = slots.IndexOf(test.Slot);
            var isSet = key[2 * at] != 0;
            if ((isSet || test.Mode == TargetMode.Count)
                && test.Comparison.Holds(test.Mode == TargetMode.Count
                    ? key[2 * at] : key[(2 * at) + 1]) != test.IsNegated)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>One comparison of a gate.</summary>
internal readonly record struct GateTest(int Slot, TargetMode Mode, NumberComparison Comparison,
    bool IsNegated);
