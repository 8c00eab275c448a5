using System.Numerics;
using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <content>Phases, rules and chains.</content>
public sealed partial class Transaction
{
    private readonly MatchList _matched;
    private readonly MatchState _match;
    private readonly ValueList _scratch = new();
    private ulong[] _places = new ulong[16];
    private Allowance _allowed;
    private int _phase;

    /// <summary>What an <c>allow</c> spares.</summary>
    private enum Allowance
    {
        None,
        Phase,
        Request,
        All,
    }

    private Interruption? EvaluatePhase(int phase)
    {
        if (Mode == EngineMode.Off || (phase != 5 && (Interruption is { IsEnforced: true } || IsSpared(phase))))
        {
            return phase == 5 ? null : Interruption is { IsEnforced: true } ? Interruption : null;
        }

        _phase = phase;
        var before = Interruption;
        var plan = _parts.Phases[phase];
        var at = RunOneByOne(plan, TakeStart(), plan.Barrier);
        _hasRun = true;
        if (at < plan.Rules.Length)
        {
            RunFiltered(plan, at);
        }

        if (_allowed == Allowance.Phase)
        {
            _allowed = Allowance.None;
        }

        Exhausted |= Memory.IsExhausted || Meter.IsSpent;
        return Interruption is { IsEnforced: true } && !ReferenceEquals(before, Interruption) ? Interruption : null;
    }

    private bool IsSpared(int phase) => _allowed == Allowance.All || (_allowed == Allowance.Request && phase <= 2);

    private int RunOneByOne(PhasePlan plan, int at, int end)
    {
        while (at < end)
        {
            at = RunAt(plan, at, isFiltered: false);
        }

        return at;
    }

    private void RunFiltered(PhasePlan plan, int at)
    {
        var live = plan.Find(Tx, _parts);
        if (_places.Length < live.Always.Length)
        {
            _places = new ulong[live.Always.Length];
        }

        var places = _places.AsSpan(0, live.Always.Length);
        live.Always.CopyTo(places);
        _candidates.Find(live, places);
        while (at < plan.Rules.Length)
        {
            at = NextPlace(places, at);
            if (at < 0)
            {
                return;
            }

            at = RunAt(plan, at, isFiltered: true);
        }
    }

    private static int NextPlace(ReadOnlySpan<ulong> places, int from)
    {
        for (var word = from >> 6; word < places.Length; word++)
        {
            var bits = places[word];
            if (word == from >> 6)
            {
                bits &= ulong.MaxValue << (from & 63);
            }

            if (bits != 0)
            {
                return (word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }

        return -1;
    }

    /// <summary>Who spends the most is named when the limit is met.</summary>
    private void NoteSteps(CompiledRule rule, long steps)
    {
        if (steps <= _dearestSteps)
        {
            return;
        }

        _dearestSteps = steps;
        DearestRuleId = rule.Id;
    }

    /// <summary>Runs the rule at a place and returns the next place.</summary>
    private int RunAt(PhasePlan plan, int at, bool isFiltered)
    {
        var rule = plan.Rules[at];
        if ((Exclusions.HasRules && Exclusions.IsRemoved(rule)) || _without?.Contains(rule.Id) is true)
        {
            return at + 1;
        }

        if (Meter.IsSpent || Memory.IsExhausted)
        {
            Exhausted = true;
            if (!rule.IsLight)
            {
                return at + 1;
            }
        }

        _matched.Clear();
        var before = Meter.Used;
        var score = rule.CountsAsStanding ? ScoreOf(rule) : 0;
        var isMatch = EvaluateChain(rule, isFiltered && rule.Unit >= 0);
        NoteSteps(rule, Meter.Used - before);
        if (!isMatch)
        {
            return at + 1;
        }

        if (rule.CountsAsStanding)
        {
            CountScore(rule, score);
        }

        Finish(rule);
        if (Mode == EngineMode.Off || (Interruption is { IsEnforced: true } && _phase != 5)
            || _allowed >= Allowance.Phase && _phase != 5)
        {
            return plan.Rules.Length;
        }

        return rule.SkipAfter is not null ? Math.Max(at + 1, plan.SkipTargets[at]) : at + 1 + rule.Skip;
    }

    private bool EvaluateChain(CompiledRule head, bool isFiltered)
    {
        var (hits, dropped) = (_hits.Count, DroppedHits);
        if (EvaluateLinks(head, isFiltered))
        {
            return true;
        }

        // What the first links of a chain found is no evidence when the last one disagrees.
        if (_hits.Count > hits)
        {
            _hits.RemoveRange(hits, _hits.Count - hits);
        }

        DroppedHits = dropped;

        return false;
    }

    private bool EvaluateLinks(CompiledRule head, bool isFiltered)
    {
        _message = _data = Text.Empty;
        for (var rule = head; rule is not null; rule = rule.Next)
        {
            if (rule.IsRefused || !EvaluateRule(rule, head, isFiltered && ReferenceEquals(rule, head)))
            {
                return false;
            }
        }

        // Texts are about the chain as a whole: they show what its last rule matched and captured.
        for (var rule = head; rule is not null; rule = rule.Next)
        {
            ExpandTexts(rule);
        }

        return true;
    }

    private bool EvaluateRule(CompiledRule rule, CompiledRule head, bool isFiltered)
    {
        CurrentRule = head;
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
        Meter.Spend((long)StepMeter.Look * list.Count);
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

            if (Meter.IsSpent)
            {
                Exhausted = true;
                return matched;
            }
        }

        return matched;
    }

    private bool TestDynamic(CompiledRule rule, CompiledRule head, Target target)
    {
        if (target.Slot >= 0 && rule.Exclusions.Length == 0 && !Exclusions.HasTargets)
        {
            return TestSlot(rule, target);
        }

        var start = _scratch.Count;
        ListDynamic(target, _scratch);
        var end = _scratch.Count;
        Meter.Spend((long)StepMeter.Look * (end - start));
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
        if (!Tx.IsSet(target.Slot))
        {
            return false;
        }

        if (rule.Operator is Operators.NumberOperator { IsConstant: true } number && rule.Node == 0)
        {
            var holds = number.Comparison.Holds(Tx.Number(target.Slot)) != rule.IsNegated;
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

    private Value SlotValue(int slot) => Value.Of(_parts.Names.TextOf(slot), Tx.Read(slot), _parts.Names.HashOf(slot));

    /// <summary>Whether a value is selected and not excluded, by the rule or for this transaction.</summary>
    private bool IsMeant(CompiledRule rule, CompiledRule head, Target target, in Value value)
    {
        var name = Memory[value.Name];
        if (rule.Exclusions.Length > 0 || target.Kind == SelectorKind.Regex || Exclusions.HasTargets)
        {
            Meter.Spend(((long)StepMeter.Look + name.Length) * (rule.Exclusions.Length + Exclusions.TargetCount + 1));
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

        return !Exclusions.HasTargets || !Exclusions.IsRemoved(head, target.Variable, name, value.NameHash);
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
        var steps = StepMeter.Test + rule.Operator.StepsFor(Memory[text]);
        if (rule.IsLight)
        {
            Meter.Spend(steps);
        }
        else if (!TrySpend(steps))
        {
            return false;
        }

        _match.Clear();
        _match.WantsGroups = rule.Captures;
        if (rule.Operator.Matches(_match, Memory[text]) == rule.IsNegated)
        {
            return false;
        }

        if (CurrentRule is { IsEvidence: true } head)
        {
            NoteHit(head, variable, value);
        }

        OnMatch(rule, variable, Value.Of(value.Name, text, value.NameHash));
        return true;
    }
}
