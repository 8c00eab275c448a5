using System.Buffers.Binary;
using System.Diagnostics;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Pool;

namespace WafOperator.Proxy.Inspection;

/// <content>The models' part of one exchange.</content>
internal sealed partial class Exchange
{
    /// <summary>Makes the sample another one than that of rollouts, which take the same id modulo 100.</summary>
    private const int SampleShift = 10;

    private ScoringProgram? ProgramToScore()
    {
        if (!_isInspected || _snapshot.Scoring is not { } program) return null;
        return IsInterrupted && !program.HasRollouts && _route.Mode is InspectionMode.Enforce ? null : program;
    }

    /// <summary>
    /// Models after rules. What the rules refuse already is scored only while a rollout compares two versions: attacks
    /// that rules found are the labels it is judged by. What local models leave open is asked of the pool first, within
    /// what is left of the budget.
    /// </summary>
    private async ValueTask ScoreAsync(ScoringProgram program)
    {
        PoolAnswers? answers = null;
        var started = Stopwatch.GetTimestamp();
        if (program.HasRemote && Collect(program) is { } questions)
        {
            var left = program.Policy.LatencyBudget - Stopwatch.GetElapsedTime(started);
            answers = await _services.Pool.AskAsync(questions, left, _http.RequestAborted);
        }

        Score(program, answers);
        _context.Span?.Mark("models");
    }

    private PoolQuestions? Collect(ScoringProgram program)
    {
        Span<byte> client = stackalloc byte[16];
        return _services.Scorer.Collect(program, _snapshot.ModelExclusions, _canonical, ScoringFactsOf(client));
    }

    private void Score(ScoringProgram program, PoolAnswers? answers)
    {
        Span<byte> client = stackalloc byte[16];
        _scored = _services.Scorer.Score(
            program, _snapshot.ModelExclusions, _canonical, ScoringFactsOf(client), answers);
        _inputs = _inputs with { Models = ModelOutcomes.Of(_scored) };
        if (ModelOutcomes.IncidentOf(_scored.Outcome) is { } incident) _services.Meters.Incident(incident);
    }

    private ScoringFacts ScoringFactsOf(Span<byte> client)
    {
        BinaryPrimitives.WriteUInt128BigEndian(client, _client.Bits);
        return new ScoringFacts
        {
            Client = client, RulesFoundAttack = IsAttack, Route = _route.Prefix, Sample = (ulong)_eventId,
            Hits = _rules?.Hits, HasDroppedHits = _rules is { HasDroppedHits: true },
            WantsExplanation = _snapshot.Document.Logging.Decisions is DecisionLogLevel.All || IsSampled,
        };
    }

    private bool IsInterrupted => _inputs.Rules.Kind is RuleOutcomeKind.Interrupted or RuleOutcomeKind.WouldInterrupt;

    private bool IsAttack => IsInterrupted || _inputs.Rules.Score.IsOver;

    /// <summary>The policy wants this request's decision whatever it is.</summary>
    private bool IsSampled =>
        ((ulong)_eventId >> SampleShift) % 100 < (ulong)_snapshot.Document.Logging.SampleAllowedPercent;
}
