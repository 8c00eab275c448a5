using WafOperator.Engine.Actions;
using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Finds the gates of a phase and the place from which on they are facts; see <see cref="PhasePlan"/>.
/// </summary>
internal static class PhasePlanner
{
    private const int GateSlotsMax = 64;

    public static PhasePlan Plan(CompiledRule[] rules, int[] skipTargets, bool isFiltered, NameTable names)
    {
        if (!isFiltered)
        {
            return new PhasePlan
            {
                Rules = rules, SkipTargets = skipTargets, Barrier = rules.Length, Gates = new Gate?[rules.Length],
                    GateSlots = [],
            };
        }

        var gates = rules.Select(AsGate).ToArray();
        var barrier = ChooseBarrier(rules, skipTargets, gates, names);
        for (var i = 0; i < gates.Length; i++)
        {
            if (gates[i] is { } gate && (i < barrier || gate.Tests.Any(test => IsWrittenFrom(rules, barrier, test.Slot,
                names))))
            {
                gates[i] = null;
            }
        }

        var slots = gates.OfType<Gate>().SelectMany(gate => gate.Tests).Select(test =>
            test.Slot).Distinct().Take(GateSlotsMax).ToArray();
        for (var i = 0; i < gates.Length; i++)
        {
            if (gates[i] is { } gate && gate.Tests.Any(test => !slots.Contains(test.Slot)))
            {
                gates[i] = null;
            }
        }

        return new PhasePlan
        {
            Rules = rules, SkipTargets = skipTargets, Barrier = barrier, Gates = gates, GateSlots = slots,
        };
    }

    /// <summary>
    /// Of the places behind the last writer of some gate's variable, the one from which on the gates skip most. Rules
    /// before it cannot be filtered, so each of them counts against it.
    /// </summary>
    private static int ChooseBarrier(CompiledRule[] rules, int[] skipTargets, Gate?[] gates, NameTable names)
    {
        var slots = gates.OfType<Gate>().SelectMany(gate => gate.Tests).Select(test => test.Slot).Distinct().ToArray();
        var lastWriters = slots.ToDictionary(slot => slot, slot => LastWriter(rules, slot, names));
        var best = 0;
        var bestGain = long.MinValue;
        foreach (var barrier in lastWriters.Values.Select(at => at + 1).Append(0).Distinct().Order())
        {
            long gain = -2 * rules.Take(barrier).Count(rule => rule.Unit >= 0);
            for (var i = barrier; i < rules.Length; i++)
            {
                if (gates[i] is { } gate && gate.Tests.All(test => lastWriters[test.Slot] < barrier))
                {
                    gain += Math.Max(1, skipTargets[i] - i);
                }
            }

            if (gain > bestGain)
            {
                (best, bestGain) = (barrier, gain);
            }
        }

        return best;
    }

    private static Gate? AsGate(CompiledRule rule)
    {
        var isPlain = rule.SkipAfter is not null && rule.Next is null && rule.Actions.Length == 0 && rule.Node == 0
            && !rule.IsLogged && !rule.IsAudited && !rule.Captures && !rule.IsRefused && rule.Exclusions.Length == 0
            && rule.Severity == RuleSeverity.None && rule.Disruption is Disruption.None or Disruption.Pass;
        if (!isPlain || rule.Targets.Length == 0 || rule.Operator is not NumberOperator { IsConstant: true } number
            || rule.Targets.Any(target => target.Slot < 10 || target.Variable != VariableId.Tx))
        {
            return null;
        }

        return new Gate([.. rule.Targets.Select(
            target => new GateTest(target.Slot, target.Mode, number.Comparison, rule.IsNegated))]);
    }

    private static int LastWriter(CompiledRule[] rules, int slot, NameTable names) => Array.FindLastIndex(rules,
        rule => Writes(rule, slot, names));

    private static bool IsWrittenFrom(CompiledRule[] rules, int from, int slot, NameTable names) => LastWriter(rules,
        slot, names) >= from;

    private static bool Writes(CompiledRule head, int slot, NameTable names)
    {
        for (var rule = head; rule is not null; rule = rule.Next)
        {
            foreach (var action in rule.Actions.OfType<SetVariable>())
            {
                if (action.WritesTx && (action.Slot == slot || (action.Slot < 0 && action.MayName(names, slot))))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
