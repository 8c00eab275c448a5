using System.Collections.Concurrent;
using System.Diagnostics;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Learning;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;
using PartKind = WafOperator.Http.PartKind;

namespace WafOperator.Scoring;

/// <summary>
/// Scores requests with a policy's models: each part is decoded and normalised once, the gate looks at every value,
/// the network only at those inside the gate's band, and the highest value is the request's score. Bounded by the
/// policy's budget and by <see cref="PartsMax"/>. Thread-safe; a benign request allocates nothing.
/// </summary>
public sealed class RequestScorer(PredictionCache cache)
{
    /// <summary>Parts that are scored; what comes after is not (the rules still see it).</summary>
    public const int PartsMax = 256;

    /// <summary>Bytes of a value that networks are shown where no gate says which matter.</summary>
    public const int NetworkBytesMax = 8_192;

    private readonly ConcurrentQueue<ScoringContext> _idle = new();

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
        if (program.IsEmpty) return new ScoringResult { Outcome = OutcomeWithoutModels(program), Models = [] };
        if (!_idle.TryDequeue(out var context)) context = new ScoringContext();
        try
        {
            context.Reset();
            context.Answers = answers;
            context.MatchedRules = facts.MatchedRules;
            return new Run(this, program, exclusions, request, context, facts).Execute();
        }
        finally
        {
            _idle.Enqueue(context);
        }
    }

    /// <summary>
    /// What a pool is to be asked before <see cref="Score"/>: values that local models leave open and that no earlier
    /// answer is known for. Null when nothing is. Counts and learns nothing.
    /// </summary>
    public PoolQuestions? Collect(
        ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request, in ScoringFacts facts)
    {
        if (!program.HasRemote) return null;
        if (!_idle.TryDequeue(out var context)) context = new ScoringContext();
        try
        {
            context.Reset();
            var questions = context.Questions = new PoolQuestions();
            new Run(this, program, exclusions, request, context, facts).ScoreParts();
            return questions.IsEmpty ? null : questions;
        }
        finally
        {
            _idle.Enqueue(context);
        }
    }

    private static ScoringOutcome OutcomeWithoutModels(ScoringProgram program) =>
        program.Missing > 0 ? ScoringOutcome.Unavailable
        : program.MissingInPool > 0 ? ScoringOutcome.PoolUnavailable
        : ScoringOutcome.Skipped;

    /// <summary>One request's scoring.</summary>
    private readonly ref struct Run
    {
        private readonly RequestScorer _scorer;
        private readonly ScoringProgram _program;
        private readonly ExclusionProgram _exclusions;
        private readonly CanonicalRequest _request;
        private readonly ScoringContext _context;
        private readonly ScoringFacts _facts;
        private readonly uint _arms;
        private readonly ModelSet _deciding;
        private readonly bool _isPaired;
        private readonly ulong _clientHash;
        private readonly long _deadline;

        public Run(
            RequestScorer scorer, ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request,
            ScoringContext context, in ScoringFacts facts)
        {
            (_scorer, _program, _exclusions, _request, _context) = (scorer, program, exclusions, request, context);
            _facts = facts;
            _arms = RolloutArms.Of(program, facts.Client);
            _deciding = program.SetFor(_arms);
            _isPaired = program.Rollouts.Length > 0 && RolloutArms.IsSampled(program.Rollouts, facts.Sample);
            _clientHash = scorer._cache.Key(facts.Client, 1);
            var budget = program.Policy.LatencyBudget;
            _deadline = Stopwatch.GetTimestamp() + (long)(budget.TotalSeconds * Stopwatch.Frequency);
        }

        public ScoringResult Execute()
        {
            var isInTime = ScoreParts();
            var score = SetScore.Of(_deciding, 0, _context, _program.Policy);
            var risk = RiskLevels.Of(score, _program.Policy);
            if (risk is RiskLevel.Critical && IsBelowLearned(score)) risk = RiskLevel.High;
            var action = RiskLevels.ActionOf(risk, _program.Policy);
            RolloutArms.Count(_program, _context, _arms, _isPaired, _facts.RulesFoundAttack, action);
            _program.Learner?.Count(risk is RiskLevel.Critical);
            return Result(isInTime, score, risk, action);
        }

        public bool ScoreParts()
        {
            var count = 0;
            foreach (var part in new RequestParts(_request))
            {
                if (Stopwatch.GetTimestamp() > _deadline || ++count > PartsMax) return count > PartsMax;
                var value = _request[part.Value];
                if (part.Kind is PartKind.Header && !PartRules.IsOddHeader(_request[part.Name], value)) continue;
                if (!_exclusions.IsEmpty && _exclusions.Find(_request, part) is { } exclusion)
                {
                    _context.Exclusion = exclusion;
                    continue;
                }

                ScoreValue(part, value, isName: false);
                if (PartRules.HasClientName(part.Kind)
                    && PartRules.OddName(part.Kind, _request[part.Name]) is { IsEmpty: false } name)
                {
                    ScoreValue(part, name, isName: true);
                }
            }

            return true;
        }

        private void ScoreValue(in RequestPart part, ReadOnlySpan<byte> raw, bool isName)
        {
            var length = isName
                ? ValueNormalizer.Normalize(raw, _context.Value, out var flags)
                : PartRules.Normalize(part.Kind, raw, _context.Value, out flags);
            ReadOnlySpan<byte> value = _context.Value.AsSpan(0, length);
            if (!isName && ValueNormalizer.IsPlain(value, flags)) return;
            _context.Signals |= AttackSignal.Of(value, flags, isName);
            Array.Clear(_context.HasLogit);
            var score = ValueScore(_deciding, value, flags);
            if (score > _context.BestBySet[0]) _context.BestBySet[0] = score;
            if (score > _context.BestPartScore)
            {
                (_context.BestPartScore, _context.BestPart, _context.BestIsName) = (score, part, isName);
            }

            if (_isPaired) ScoreOtherArms(value, flags);
            if (_context.Questions is null && _program.Learner is { } learner && !_facts.RulesFoundAttack)
                learner.Observe(SiteLearner.KeyOf(_facts.Route, part.Kind, _request[part.Name]), _clientHash, score);
        }

        private void ScoreOtherArms(ReadOnlySpan<byte> value, ValueFlags flags)
        {
            for (var i = 0; i < _program.Rollouts.Length && i + 1 < ScoringContext.SetsMax; i++)
            {
                var other = _program.SetFor(_arms ^ (1u << i));
                var score = ValueScore(other, value, flags);
                if (score > _context.BestBySet[i + 1]) _context.BestBySet[i + 1] = score;
            }
        }

        /// <summary>Score of one value under a set; per-model bests are kept beside it.</summary>
        private double ValueScore(ModelSet set, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            if (set.Ensemble is not EnsembleKind.Cascade)
            {
                var highest = 0.0;
                var shown = Shown(set, value, flags);
                foreach (var member in set.Members)
                {
                    var logit = member.Model.IsRemote
                        ? RemoteLogit(set, member, value[shown], flags)
                        : Logit(member, value, member.Model.IsGate ? .. : shown, flags);
                    if (double.IsNaN(logit)) continue;
                    var p = member.Model.Probability(logit);
                    _context.BestByModel[member.Slot] = Math.Max(_context.BestByModel[member.Slot], p);
                    highest = Math.Max(highest, p);
                }

                return highest;
            }

            var (gateLogit, probability, focus) = (0.0, 0.0, Shown(set, value, flags));
            if (set.Gate is { } gate)
            {
                gateLogit = Logit(gate, value, .., flags);
                focus = _context.Focus[gate.Slot];
                probability = gate.Model.Probability(gateLogit);
                _context.BestByModel[gate.Slot] = Math.Max(_context.BestByModel[gate.Slot], probability);
                if (probability < set.Low || probability > set.High) return probability;
            }

            if (set.Second.Length > 0)
            {
                probability = BestOf(set, gateLogit, value, focus, flags);
                if (probability < set.RemoteLow || probability > set.RemoteHigh) return probability;
            }

            return set.Remote.Length == 0 ? probability : AskedOf(set, gateLogit, probability, value[focus], flags);
        }

        /// <summary>
        /// What networks are shown of a value without a cascade: all of it, or of a long one what a gate finds worst.
        /// </summary>
        private Range Shown(ModelSet set, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            if (value.Length <= NetworkBytesMax) return ..value.Length;
            foreach (var member in set.Members)
            {
                if (!member.Model.IsGate) continue;
                Logit(member, value, .., flags);
                return _context.Focus[member.Slot];
            }

            return ..NetworkBytesMax;
        }

        /// <summary>What the pool says of a value; what local models said when it did not answer.</summary>
        private double AskedOf(ModelSet set, double gateLogit, double local, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            var best = double.NaN;
            foreach (var member in set.Remote)
            {
                var logit = RemoteLogit(set, member, value, flags);
                if (double.IsNaN(logit)) continue;
                var p = set.Gate is not null
                    ? ModelSet.Join(gateLogit, logit, member.Model)
                    : member.Model.Probability(logit);
                _context.BestByModel[member.Slot] = Math.Max(_context.BestByModel[member.Slot], p);
                best = double.IsNaN(best) ? p : Math.Max(best, p);
            }

            return double.IsNaN(best) ? local : best;
        }

        /// <summary>A logit that is known already or that the pool answered; else not a number.</summary>
        private double RemoteLogit(ModelSet set, Member member, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            var key = KeyOf(member, value, flags);
            // As above: of versions that are compared, each is asked anew.
            var logit = 0.0;
            if (!(_isPaired && _program.IsCompared(member)) && _scorer._cache.TryGet(key, out logit)) return logit;
            if (_context.Questions is { } questions)
            {
                questions.Add(member.Model, key, value, flags, ReferenceEquals(set, _deciding));
                return double.NaN;
            }

            if (_context.Answers?.TryGet(key, out logit) is not true)
            {
                _context.MissedByModel[member.Slot] = true;
                return double.NaN;
            }

            _scorer._cache.Set(key, logit);
            _context.TicksByModel[member.Slot] = _context.Answers.TicksOf(member.Model);
            return logit;
        }

        private ulong KeyOf(Member member, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            var model = (ulong)member.Model.Digest.GetHashCode(StringComparison.Ordinal) << 32 | (uint)flags;
            return _scorer._cache.Key(value, model);
        }

        private double BestOf(ModelSet set, double gateLogit, ReadOnlySpan<byte> value, Range focus, ValueFlags flags)
        {
            var best = 0.0;
            foreach (var member in set.Second)
            {
                var logit = Logit(member, value, focus, flags);
                var p = set.Gate is not null
                    ? ModelSet.Join(gateLogit, logit, member.Model)
                    : member.Model.Probability(logit);
                _context.BestByModel[member.Slot] = Math.Max(_context.BestByModel[member.Slot], p);
                best = Math.Max(best, p);
            }

            return best;
        }

        /// <summary>A model's logit of a part of the value, computed once for each part.</summary>
        private double Logit(Member member, ReadOnlySpan<byte> value, Range shown, ValueFlags flags)
        {
            if (_context.HasLogit[member.Slot] && _context.Looked[member.Slot].Equals(shown))
                return _context.Logits[member.Slot];
            value = value[shown];
            var started = Stopwatch.GetTimestamp();
            double logit;
            if (member.Model.IsGate)
            {
                logit = member.Model.Look(value, flags, out _context.Focus[member.Slot]);
            }
            else
            {
                var key = KeyOf(member, value, flags);
                // Versions that are compared both do the work: what one of them remembers would look like speed.
                logit = 0;
                if ((_isPaired && _program.IsCompared(member)) || !_scorer._cache.TryGet(key, out logit))
                {
                    logit = Guarded(member, value, flags);
                    // A failure is not an answer: the next request asks again.
                    if (!_context.FailedByModel[member.Slot]) _scorer._cache.Set(key, logit);
                }
            }

            _context.TicksByModel[member.Slot] += Stopwatch.GetTimestamp() - started;
            (_context.HasLogit[member.Slot], _context.Looked[member.Slot]) = (true, shown);
            return _context.Logits[member.Slot] = logit;
        }

        /// <summary>
        /// A model that fails says nothing about the value; that it failed is counted and decides the outcome.
        /// </summary>
        private double Guarded(Member member, ReadOnlySpan<byte> value, ValueFlags flags)
        {
            try
            {
                var logit = member.Model.Logit(value, flags);
                if (!double.IsNaN(logit)) return logit;
            }
            catch (OrtException)
            {
                // Below.
            }

            _context.FailedByModel[member.Slot] = true;
            return double.NegativeInfinity;
        }

        private bool IsBelowLearned(double score) =>
            _program.Learner is { } learner
            && score < learner.ThresholdOf(
                SiteLearner.KeyOf(_facts.Route, _context.BestPart.Kind, _request[_context.BestPart.Name]));

        private ScoringResult Result(bool isInTime, double score, RiskLevel risk, RiskActionKind action)
        {
            var hasFailed = _deciding.Members.Any(_context, static (m, c) => c.FailedByModel[m.Slot]);
            var hasMissed = _deciding.Remote.Any(_context, static (m, c) => c.MissedByModel[m.Slot]);
            var outcome = !isInTime ? ScoringOutcome.TimedOut
                : hasFailed || _program.Missing > 0 ? ScoringOutcome.Unavailable
                : hasMissed || _program.MissingInPool > 0 ? ScoringOutcome.PoolUnavailable
                : ScoringOutcome.Scored;
            var result = new ScoringResult
            {
                Outcome = outcome, Score = score, Risk = risk, Action = action, Exclusion = _context.Exclusion,
                Models = [],
            };
            if (risk is RiskLevel.None && outcome is ScoringOutcome.Scored) return result;
            return Explanation.Fill(result, _program, _deciding, _request, _context);
        }
    }

    private readonly PredictionCache _cache = cache;
}
