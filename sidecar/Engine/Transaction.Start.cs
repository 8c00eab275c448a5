using WafOperator.Engine.Compilation;
using WafOperator.Engine.Operators;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <content>The rules that phase 1 begins with; see <see cref="PreparedStart"/>.</content>
public sealed partial class Transaction
{
    private bool _hasRun;

    /// <summary>Runs them on a transaction that has no request; null where there are none.</summary>
    internal PreparedStart? Prepare()
    {
        var plan = _parts.Phases[1];
        _phase = 1;
        var at = 0;
        while (at < plan.Rules.Length && PreparedStart.CanTest(plan.Rules[at])
            && (PreparedStart.CanMatch(plan.Rules[at]) || !WouldMatch(plan.Rules[at])))
        {
            at = RunAt(plan, at, isFiltered: false);
        }

        return at == 0 || Exhausted
            ? null
            : new PreparedStart(
                at, Tx.Save(), Memory.Arena[new Http.Slice(0, Memory.Mark())].ToArray(), [.. _matchedIds],
                (_matched.Variable, _matched.Last), Meter.Used);
    }

    /// <summary>Takes over the prepared state and returns the place to go on at; 0 where nothing is prepared.</summary>
    private int TakeStart()
    {
        if (_hasRun || IsTrial || _phase != 1 || Program.Start is not { } start || Memory.Mark() > 0
            || Memory.Append(start.Memory).Length < start.Memory.Length)
        {
            return 0;
        }

        Tx.Restore(start.Variables.AsSpan());
        _matchedIds.AddRange(start.MatchedIds.AsSpan());
        _matched.Restore(start.Last.Variable, start.Last.Value);
        Meter.Spend(start.Steps);
        return start.Next;
    }

    private bool WouldMatch(CompiledRule rule)
    {
        if (rule.IsRefused || rule.Operator is not NumberOperator number)
        {
            return !rule.IsRefused;
        }

        foreach (var target in rule.Targets)
        {
            var isSet = Tx.IsSet(target.Slot);
            var value = target.Mode == TargetMode.Count ? (isSet ? 1 : 0) : Tx.Number(target.Slot);
            if ((isSet || target.Mode == TargetMode.Count) && number.Comparison.Holds(value) != rule.IsNegated)
            {
                return true;
            }
        }

        return false;
    }
}
