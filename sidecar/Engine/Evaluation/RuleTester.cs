using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Tests one rule on the values that it means, and does what each match brings about. One per transaction.
/// </summary>
internal sealed class RuleTester
{
    private readonly Transaction _transaction;
    private readonly Workspace _work;
    private readonly VariableReader _reader;
    private readonly MatchReport _report;
    private readonly StepMeter _meter;
    private readonly TransactionMemory _memory;
    private readonly RequestValues _values;
    private readonly CandidateFinder _candidates;
    private readonly TransformedValues _transformed;
    private readonly VariableStore _tx;
    private readonly NameTable _names;
    private readonly RuleExclusions _exclusions;
    private readonly MatchState _match;
    private readonly ValueList _scratch = new();

    public RuleTester(Transaction transaction)
    {
        (_transaction, _work, _reader, _report) =
            (transaction, transaction.Work, transaction.Reader, transaction.Report);
        (_meter, _memory, _values) = (_work.Meter, _work.Memory, _work.Values);
        (_candidates, _transformed) = (_work.Candidates, _work.Transformed);
        (_tx, _names, _exclusions) = (_work.Tx, _work.Parts.Names, _work.Exclusions);
        _match = new MatchState(_reader, _memory, _meter, _work.Parts.Options.Limits);
    }

    public void Reset() => _match.RegexSteps = 0;

    /// <summary>Tests one rule, a link of its head's chain, on all its targets.</summary>
    public bool Matches(CompiledRule rule, CompiledRule head, bool isFiltered)
    {
        _work.CurrentRule = head;
        if (rule.Targets.Length == 0)
        {
            OnMatch(rule, VariableId.None, default);
            return true;
        }

        var matched = false;
        foreach (var target in rule.Targets)
        {
            if (target.Mode == TargetMode.Count)
            {
                matched |= TestCount(rule, head, target);
            }
            else if (VariableNames.IsStatic(target.Variable))
            {
                matched |= TestStatic(rule, head, target, isFiltered);
            }
            else
            {
                matched |= TestDynamic(rule, head, target);
            }
        }

        return matched;
    }

    private bool TestStatic(CompiledRule rule, CompiledRule head, Target target, bool isFiltered)
    {
        var list = _values[target.Variable];
        var matched = false;
        _meter.Spend((long)StepMeter.Look * list.Count);
        for (var i = 0; i < list.Count; i++)
        {
            ref var value = ref list[i];
            if (isFiltered && (value.CandidatesRow < 0 || !_candidates.IsCandidate(value, rule.Unit)))
            {
                continue;
            }

            if (IsMeant(rule, head, target, value))
            {
                matched |= Test(rule, target.Variable, ref value);
            }

            if (_meter.IsSpent)
            {
                _meter.Exhaust();
                return matched;
            }
        }

        return matched;
    }

    private bool TestDynamic(CompiledRule rule, CompiledRule head, Target target)
    {
        if (target.Slot >= 0 && rule.Exclusions.Length == 0 && !_exclusions.HasTargets)
        {
            return TestSlot(rule, target);
        }

        var start = _scratch.Count;
        _reader.List(target, _scratch);
        var end = _scratch.Count;
        _meter.Spend((long)StepMeter.Look * (end - start));
        var matched = false;
        for (var i = start; i < end; i++)
        {
            if (IsMeant(rule, head, target, _scratch[i]))
            {
                matched |= Test(rule, target.Variable, ref _scratch[i]);
            }
        }

        _scratch.Truncate(start);
        return matched;
    }

    private bool TestSlot(CompiledRule rule, Target target)
    {
        if (!_tx.IsSet(target.Slot))
        {
            return false;
        }

        if (rule.Operator is NumberOperator { IsConstant: true } number && rule.Node == 0)
        {
            var holds = number.Comparison.Holds(_tx.Number(target.Slot)) != rule.IsNegated;
            if (holds)
            {
                _match.Clear();
                OnMatch(rule, VariableId.Tx, SlotValue(target.Slot));
            }

            return holds;
        }

        var value = SlotValue(target.Slot);
        return Test(rule, VariableId.Tx, ref value);
    }

    private Value SlotValue(int slot) => Value.Of(_names.TextOf(slot), _tx.Read(slot), _names.HashOf(slot));

    /// <summary>Whether a value is selected and not excluded, by the rule or for this transaction.</summary>
    private bool IsMeant(CompiledRule rule, CompiledRule head, Target target, in Value value)
    {
        var name = _memory[value.Name];
        if (rule.Exclusions.Length > 0 || target.Kind == SelectorKind.Regex || _exclusions.HasTargets)
        {
            _meter.Spend(((long)StepMeter.Look + name.Length) * (rule.Exclusions.Length + _exclusions.TargetCount + 1));
        }

        if (target.Kind != SelectorKind.None && !target.Selects(name, value.NameHash))
        {
            return false;
        }

        foreach (var exclusion in rule.Exclusions)
        {
            if (exclusion.Variable == target.Variable && exclusion.Selects(name, value.NameHash))
            {
                return false;
            }
        }

        return !_exclusions.HasTargets || !_exclusions.IsRemoved(head, target.Variable, name, value.NameHash);
    }

    private bool Test(CompiledRule rule, VariableId variable, ref Value value)
    {
        if (rule.MultiMatchNodes.Length == 0)
        {
            return TestOne(rule, variable, value, _transformed.Apply(ref value, rule.Node));
        }

        var matched = false;
        var previous = default(Text);
        for (var i = 0; i < rule.MultiMatchNodes.Length; i++)
        {
            var text = _transformed.Apply(ref value, rule.MultiMatchNodes[i]);
            if (i == 0 || text != previous)
            {
                matched |= TestOne(rule, variable, value, text);
            }

            previous = text;
        }

        return matched;
    }

    private bool TestOne(CompiledRule rule, VariableId variable, in Value value, Text text)
    {
        var steps = StepMeter.Test + rule.Operator.StepsFor(_memory[text]);
        if (rule.IsLight)
        {
            _meter.Spend(steps);
        }
        else if (!_meter.TrySpend(steps))
        {
            return false;
        }

        _match.Clear();
        _match.WantsGroups = rule.Captures;
        if (rule.Operator.Matches(_match, _memory[text]) == rule.IsNegated)
        {
            return false;
        }

        if (_work.CurrentRule is { IsEvidence: true } head)
        {
            if (_report.IsOnlyNoted(head, value))
            {
                return false;
            }

            _report.NoteHit(head, variable, value, _match);
        }

        OnMatch(rule, variable, Value.Of(value.Name, text, value.NameHash));
        return true;
    }

    private bool TestCount(CompiledRule rule, CompiledRule head, Target target)
    {
        var count = Count(rule, head, target);
        if (rule.Operator is NumberOperator { IsConstant: true } number && rule.Node == 0)
        {
            if (number.Comparison.Holds(count) == rule.IsNegated)
            {
                return false;
            }

            _match.Clear();
            OnMatch(rule, target.Variable, Value.Of(Text.Empty, _memory.Format(count), 0));
            return true;
        }

        var value = Value.Of(Text.Empty, _memory.Format(count), 0);
        return Test(rule, target.Variable, ref value);
    }

    private long Count(CompiledRule rule, CompiledRule head, Target target)
    {
        if (target.Slot >= 0)
        {
            return _tx.IsSet(target.Slot) ? 1 : 0;
        }

        if (target.Variable == VariableId.Tx && target.Kind == SelectorKind.None)
        {
            return _tx.Count();
        }

        var start = _scratch.Count;
        var list = _scratch;
        if (VariableNames.IsStatic(target.Variable))
        {
            (list, start) = (_values[target.Variable], 0);
        }
        else
        {
            _reader.List(target, _scratch);
        }

        var count = 0;
        _meter.Spend((long)StepMeter.Look * (list.Count - start));
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

    private void OnMatch(CompiledRule rule, VariableId variable, in Value value)
    {
        _meter.Spend(StepMeter.Match);
        if (variable != VariableId.None)
        {
            if (rule.Captures)
            {
                StoreCaptures(value.Bytes);
            }

            _work.Matched.Add(variable, value);
        }

        foreach (var action in rule.Actions)
        {
            action.Execute(_transaction, rule);
        }
    }

    private void StoreCaptures(Text tested)
    {
        for (var i = 0; i < MatchState.GroupsMax; i++)
        {
            if (i < _match.GroupCount && _match.Groups[i].Length >= 0)
            {
                var group = _match.Groups[i];
                _tx.SetText(i, tested.Sub(group.Offset, group.Length));
            }
            else if (_tx.IsSet(i))
            {
                _tx.Unset(i);
            }
        }

        if (_match.Computed is { } computed)
        {
            _tx.SetText(0, computed);
        }
    }
}
