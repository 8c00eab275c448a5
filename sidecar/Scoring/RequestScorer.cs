using System.Collections.Concurrent;
using WafOperator.Http;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring;

/// <summary>
/// Scores requests with a policy's models: each part is decoded and normalised once, the gate looks at every value,
/// the network only at those inside the gate's band, rules that matched in a part are evidence beside it, and the
/// highest
/// part is the request's score. Bounded by the work that the policy's budget allows and by <see cref="PartsMax"/>;
/// what is
/// beyond is said. Thread-safe; a benign request allocates nothing.
/// </summary>
public sealed class RequestScorer(PredictionCache cache)
{
    /// <summary>Parts that are scored; what comes after is a gap (the rules still see it).</summary>
    public const int PartsMax = 2048;

    /// <summary>Bytes of a value that networks are shown where no gate says which matter.</summary>
    public const int NetworkBytesMax = 8_192;

    private readonly ConcurrentQueue<ScoringContext> _idle = new();
    private readonly PredictionCache _cache = cache;

    /// <summary>Scores a request that was read to its end.</summary>
    /// <param name="program">The models.</param>
    /// <param name="exclusions">What is left out.</param>
    /// <param name="request">The request.</param>
    /// <param name="facts">What is known of it.</param>
    /// <param name="answers">What a pool answered to <see cref="Collect"/>'s questions; null when none was
    /// asked.</param>
    public ScoringResult Score(
        ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request, in ScoringFacts facts,
        PoolAnswers? answers = null)
    {
        if (program.IsEmpty)
        {
            return new ScoringResult
            {
                Outcome = OutcomeWithoutModels(program), Gaps = program.Gaps, Models = [],
                HasUnjudgedHits = facts.Hits is { Count: > 0 },
            };
        }

        if (!_idle.TryDequeue(out var context)) context = new ScoringContext();
        try
        {
            context.Reset();
            context.Answers = answers;
            context.Hits = facts.Hits;
            return new ScoringRun(_cache, program, exclusions, request, context, facts).Execute();
        }
        finally
        {
            _idle.Enqueue(context);
        }
    }

    /// <summary>
    /// What a pool is to be asked before <see cref="Score"/>: values that local models leave open and that no earlier
    /// answer is known for, and the request as a whole. Null when nothing is. Counts and learns nothing.
    /// </summary>
    public PoolQuestions? Collect(
        ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request, in ScoringFacts facts)
    {
        if (!program.HasRemote) return null;
        if (!_idle.TryDequeue(out var context)) context = new ScoringContext();
        try
        {
            context.Reset();
            context.Hits = facts.Hits;
            var questions = context.Questions = new PoolQuestions();
            var run = new ScoringRun(_cache, program, exclusions, request, context, facts);
            run.ScoreParts();
            run.ScoreRequest(onlyWithPool: true);
            return questions.IsEmpty ? null : questions;
        }
        finally
        {
            _idle.Enqueue(context);
        }
    }

    /// <summary>
    /// Scores a request so that code and caches are ready for the first real one; counts and learns nothing.
    /// </summary>
    public void WarmUp(ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request)
    {
        if (program.IsEmpty) return;
        if (!_idle.TryDequeue(out var context)) context = new ScoringContext();
        context.Reset();
        context.Hits = [];
        context.Questions = new PoolQuestions();
        new ScoringRun(_cache, program, exclusions, request, context, default).Rehearse();
        _idle.Enqueue(context);
    }

    internal static ScoringOutcome OutcomeOf(ModelGaps gaps) =>
        (gaps & ModelGaps.Budget) != 0 ? ScoringOutcome.TimedOut
        : (gaps & (ModelGaps.Missing | ModelGaps.Cold)) != 0 ? ScoringOutcome.Unavailable
        : (gaps & ModelGaps.Pool) != 0 ? ScoringOutcome.PoolUnavailable
        : gaps is not ModelGaps.None ? ScoringOutcome.Partial
        : ScoringOutcome.Scored;

    private static ScoringOutcome OutcomeWithoutModels(ScoringProgram program) =>
        program.Gaps is ModelGaps.None ? ScoringOutcome.Skipped : OutcomeOf(program.Gaps);
}
