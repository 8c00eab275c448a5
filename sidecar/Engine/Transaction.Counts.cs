using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <content>Targets that are counted (<c>&amp;ARGS</c>).</content>
public sealed partial class Transaction
{
    private bool TestCount(CompiledRule rule, CompiledRule head, Target target)
    {
        var count = Count(rule, head, target);
        if (rule.Operator is Operators.NumberOperator { IsConstant: true } number && rule.Node == 0)
        {
            if (number.Comparison.Holds(count) == rule.IsNegated)
            {
                return false;
            }

            _match.Clear();
            OnMatch(rule, target.Variable, Value.Of(Text.Empty, Memory.Format(count), 0));
            return true;
        }

        var value = Value.Of(Text.Empty, Memory.Format(count), 0);
        return Test(rule, target.Variable, ref value);
    }

    private long Count(CompiledRule rule, CompiledRule head, Target target)
    {
        if (target.Slot >= 0)
        {
            return Tx.IsSet(target.Slot) ? 1 : 0;
        }

        if (target.Variable == VariableId.Tx && target.Kind == SelectorKind.None)
        {
            return Tx.Count();
        }

        var start = _scratch.Count;
        var list = _scratch;
        if (VariableNames.IsStatic(target.Variable))
        {
            (list, start) = (_values[target.Variable], 0);
        }
        else
        {
            ListDynamic(target, _scratch);
        }

        var count = 0;
        Meter.Spend((long)StepMeter.Look * (list.Count - start));
        for (var i = start; i < list.Count; i++)
        {
            count += IsMeant(rule, head, target, list[i]) ? 1 : 0;
        }

        if (ReferenceEquals(list, _scratch))
        {
            _scratch.Truncate(start);
        }

        return count;
    }
}
