using System.Numerics;
using WafOperator.Engine.Program;
using WafOperator.Engine.Transformations;
using WafOperator.Engine.Values;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Runs the rules of a phase in order: which of them run at all, chains, jumps, what <c>allow</c> spares, and the end
/// where something is decided. One per transaction, reused.
/// </summary>
internal sealed class RuleRunner(Workspace work, RuleTester tester, MatchReport report)
{
    private readonly StepMeter _meter = work.Meter;
    private readonly TransactionMemory _memory = work.Memory;
    private readonly RuleExclusions _exclusions = work.Exclusions;
    private ulong[] _places = new ulong[16];
    private Allowance _allowed;
    private int _phase;
    private bool _hasRun;
    private long _dearestSteps;

    /// <summary>What an <c>allow</c> spares.</summary>
    private enum Allowance
    {
        None,
        Phase,
        Request,
        All,
    }

    /// <summary>The rule that spent the most steps so far; 0 before any ran.</summary>
    public long DearestRuleId { get; private set; }

    /// <summary>
    /// Runs a phase, 1 to 5. Gives the decision where it was made in this phase or before and is enforced; of phase 5
    /// none.
    /// </summary>
    public Interruption? Run(int phase)
    {
        if (work.Mode == EngineMode.Off || (phase != 5 && (report.IsDecided || IsSpared(phase))))
        {
            return phase == 5 || !report.IsDecided ? null : report.Interruption;
        }

        _phase = phase;
        var before = report.Interruption;
        var plan = work.Parts.Phases[phase];
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

        if (_memory.IsExhausted || _meter.IsSpent)
        {
            _meter.Exhaust();
        }

        return report.IsDecided && !ReferenceEquals(before, report.Interruption) ? report.Interruption : null;
    }

    /// <summary>Runs them on a transaction that has no request; null where there are none.</summary>
    public PreparedStart? Prepare()
    {
        var plan = work.Parts.Phases[1];
        _phase = 1;
        var at = 0;
        while (at < plan.Rules.Length && PreparedStart.CanTest(plan.Rules[at])
            && (PreparedStart.CanMatch(plan.Rules[at]) || !PreparedStart.WouldMatch(plan.Rules[at], work.Tx)))
        {
            at = RunAt(plan, at, isFiltered: false);
        }

        return at == 0 || _meter.IsExhausted
            ? null
            : new PreparedStart(
                at, work.Tx.Save(), _memory.Arena[new Slice(0, _memory.Mark())].ToArray(), [.. report.MatchedIds],
                (work.Matched.Variable, work.Matched.Last), _meter.Used);
    }

    /// <summary>Takes over the prepared state and returns the place to go on at; 0 where nothing is prepared.</summary>
    private int TakeStart()
    {
        if (_hasRun || work.IsTrial || _phase != 1 || work.Program.Start is not { } start || _memory.Mark() > 0
            || _memory.Append(start.Memory).Length < start.Memory.Length)
        {
            return 0;
        }

        work.Tx.Restore(start.Variables.AsSpan());
        report.Restore(start.MatchedIds);
        work.Matched.Restore(start.Last.Variable, start.Last.Value);
        _meter.Spend(start.Steps);
        return start.Next;
    }

    public void Reset()
    {
        _allowed = Allowance.None;
        _hasRun = false;
        _dearestSteps = DearestRuleId = 0;
        tester.Reset();
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
        var live = plan.Find(work.Tx, work.Parts);
        if (_places.Length < live.Always.Length)
        {
            _places = new ulong[live.Always.Length];
        }

        var places = _places.AsSpan(0, live.Always.Length);
        live.Always.CopyTo(places);
        work.Candidates.Find(live, places);
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
        if ((_exclusions.HasRules && _exclusions.IsRemoved(rule)) || work.Without?.Contains(rule.Id) is true)
        {
            return at + 1;
        }

        if (_meter.IsSpent || _memory.IsExhausted)
        {
            _meter.Exhaust();
            if (!rule.IsLight)
            {
                return at + 1;
            }
        }

        work.Matched.Clear();
        var before = _meter.Used;
        var score = rule.CountsAsStanding ? report.ScoreOf(rule) : 0;
        var isMatch = EvaluateChain(rule, isFiltered && rule.Unit >= 0);
        NoteSteps(rule, _meter.Used - before);
        if (!isMatch)
        {
            return at + 1;
        }

        if (rule.CountsAsStanding)
        {
            report.CountScore(rule, score);
        }

        Finish(rule);
        if (work.Mode == EngineMode.Off || (report.IsDecided && _phase != 5)
            || _allowed >= Allowance.Phase && _phase != 5)
        {
            return plan.Rules.Length;
        }

        return rule.SkipAfter is not null ? Math.Max(at + 1, plan.SkipTargets[at]) : at + 1 + rule.Skip;
    }

    private bool EvaluateChain(CompiledRule head, bool isFiltered)
    {
        var hits = report.MarkHits();
        if (EvaluateLinks(head, isFiltered))
        {
            return true;
        }

        report.ForgetHits(hits);
        return false;
    }

    private bool EvaluateLinks(CompiledRule head, bool isFiltered)
    {
        report.ClearTexts();
        for (var rule = head; rule is not null; rule = rule.Next)
        {
            if (rule.IsRefused || !tester.Matches(rule, head, isFiltered && ReferenceEquals(rule, head)))
            {
                return false;
            }
        }

        // Texts are about the chain as a whole: they show what its last rule matched and captured.
        for (var rule = head; rule is not null; rule = rule.Next)
        {
            report.ExpandTexts(rule);
        }

        return true;
    }

    /// <summary>The whole chain matched: report and decide.</summary>
    private void Finish(CompiledRule rule)
    {
        report.Add(rule);
        switch (rule.Disruption)
        {
            case Disruption.Allow or Disruption.AllowPhase or Disruption.AllowRequest when work.Mode == EngineMode.On:
                _allowed = rule.Disruption switch
                {
                    Disruption.AllowPhase => Allowance.Phase,
                    Disruption.AllowRequest => Allowance.Request,
                    _ => Allowance.All,
                };
                break;
            case Disruption.Deny or Disruption.Drop or Disruption.Redirect:
                report.Decide(rule, _phase);
                break;
        }
    }
}
