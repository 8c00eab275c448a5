using System.Diagnostics;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Learning;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using PartKind = WafOperator.Http.PartKind;

namespace WafOperator.Scoring;

/// <summary>
/// One request's scoring: which parts in which order, within the budget, and what rules add to each. Values themselves
/// are scored by <see cref="ValueScorer"/>.
/// </summary>
internal readonly ref partial struct ScoringRun
{
    private readonly ScoringProgram _program;
    private readonly ExclusionProgram _exclusions;
    private readonly CanonicalRequest _request;
    private readonly ScoringContext _context;
    private readonly ScoringFacts _facts;
    private readonly ValueScorer _values;
    private readonly uint _arms;
    private readonly ModelSet _deciding;
    private readonly bool _isPaired;
    private readonly ulong _clientHash;
    private readonly long _deadline;

    public ScoringRun(
        PredictionCache cache, ScoringProgram program, ExclusionProgram exclusions, CanonicalRequest request,
        ScoringContext context, in ScoringFacts facts)
    {
        (_program, _exclusions, _request, _context) = (program, exclusions, request, context);
        _facts = facts;
        _arms = RolloutArms.Of(program, facts.Client);
        _deciding = program.SetFor(_arms);
        _isPaired = program.Rollouts.Length > 0 && RolloutArms.IsSampled(program.Rollouts, facts.Sample);
        _clientHash = cache.Key(facts.Client, 1);
        _deadline = ScoringBudget.DeadlineOf(program.Policy.LatencyBudget);
        _values = new ValueScorer(cache, program, context, _deciding, _isPaired);
        context.WorkLeft = ScoringBudget.WorkOf(program.Policy.LatencyBudget);
    }

    public ScoringResult Execute()
    {
        ScoreParts();
        ScoreRequest();
        var score = SetScore.Of(_deciding, 0, _context, _program.Policy);
        var risk = RiskLevels.Of(score, _program.Policy);
        var action = RiskLevels.ActionOf(risk, _program.Policy);
        // What a field has learned says nothing about a score that another model gave the whole request.
        if (action is RiskActionKind.Block && _context.RaisedBy is null && IsBelowLearned(score))
        {
            action = RiskActionKind.Log;
            if (risk is RiskLevel.Critical) risk = RiskLevel.High;
        }

        if (_context.IsUncertain) action = RiskLevels.Strictest(action, _program.Policy.UncertainAction);
        RolloutArms.Count(_program, _context, _arms, _isPaired, _facts.RulesFoundAttack, action);
        return Result(score, risk, action) with { IsFoundByBoth = _facts.RulesFoundAttack && IsFoundByModels(score) };
    }

    /// <summary>
    /// Without what rules add: two engines agree only where each came to it alone. A policy that only logs would have
    /// blocked from its critical risk on.
    /// </summary>
    private bool IsFoundByModels(double score)
    {
        var alone = _deciding.Ensemble is EnsembleKind.Cascade ? _context.AllBySet[0] : score;
        return alone >= Math.Min(RiskLevels.BlockingThreshold(_program.Policy), _program.Policy.CriticalThreshold);
    }

    /// <summary>Everything that <see cref="Execute"/> does but count, with the words for people.</summary>
    public void Rehearse()
    {
        ScoreParts();
        ScoreRequest();
        var score = SetScore.Of(_deciding, 0, _context, _program.Policy);
        Result(score, RiskLevel.Critical, RiskActionKind.Log);
    }

    public void ScoreParts()
    {
        var parts = _context.Parts;
        _context.Excluded.Begin(_exclusions, _request);
        parts.Fill(_request, _context.Hits);
        if (parts.IsCut) _context.Gaps |= ModelGaps.Parts;
        for (var rank = PartRank.Hit; rank <= PartRank.Rest; rank++)
        {
            for (var i = 0; i < parts.Count; i++)
            {
                var isLong = parts[i].Value.Length > LongValue.PieceBytes;
                if (rank is PartRank.Rest ? !isLong : RankOf(i, isLong) != rank) continue;
                if (IsSpent) Skip(i, rank);
                else ScorePart(i, rank, isLong);
            }
        }

        ScoreWholes();
        ScoreSurroundings();
        _context.HasUnjudgedHits |= _facts.HasDroppedHits;
    }

    public void ScoreRequest(bool onlyWithPool = false)
    {
        var whole = new WholeRequest(_program, _context, _request, _deadline);
        var (work, gaps) = (_context.WorkLeft, _context.Gaps);
        for (var set = 0; set < SetCount; set++)
        {
            // Versions that are compared get the same work, and what one leaves out is no gap of the one that decides.
            _context.WorkLeft = work;
            if (!onlyWithPool || SetOf(set).HasRemoteWhole) whole.Score(SetOf(set), set);
            if (set == 0) gaps = _context.Gaps;
        }

        _context.Gaps = gaps;
        // Nobody weighs what rules found where there are no models of parts: they have their own say.
        _context.HasUnjudgedHits |= _deciding.Values.Length == 0 && _context.Hits is { Count: > 0 };
    }

    /// <summary>
    /// The rest of a long value may stay unread; a part that nobody looked at at all is another thing.
    /// </summary>
    private void Skip(int index, PartRank rank)
    {
        _context.Gaps |= rank is PartRank.Rest ? ModelGaps.Window : ModelGaps.Budget;
        _context.HasUnjudgedHits |= rank is PartRank.Rest && HasHitOfUnknownPlace(index);
    }

    /// <summary>Long values show head and tail before anything that is plain.</summary>
    private PartRank RankOf(int index, bool isLong) =>
        isLong && _context.Parts.RankOf(index) is PartRank.Plain ? PartRank.Odd : _context.Parts.RankOf(index);

    private bool IsSpent => _context.WorkLeft <= 0 || Stopwatch.GetTimestamp() > _deadline;

    private void ScorePart(int index, PartRank rank, bool isLong)
    {
        ref readonly var part = ref _context.Parts[index];
        var value = _request[part.Value];
        var hasHits = _context.Parts.RankOf(index) is PartRank.Hit;
        if (!hasHits && !PartRules.IsWorthScoring(_request, part)) return;
        _context.Excluded.Enter(_request, part, _program);
        var isLeftOut = _context.Excluded.HoldsNow && _context.Excluded.SkipsAll(_deciding.OfParts);
        if (isLeftOut) _context.HasUnjudgedHits |= _context.Parts.DropHits(index);
        Array.Clear(_context.PartBySet);
        _context.PartPiece = default;
        _context.Signals = AttackSignals.None;
        var path = part.Kind is PartKind.Header && !hasHits ? RefererUrl.PathStart(_request[part.Name], value) : -1;
        if (path >= 0) ScoreUrl(part, value, path);
        else if (!isLong) ScoreText(part, value, 0, isName: false, hasHits);
        else if (rank is PartRank.Rest) ScoreRest(index, part, value);
        else ScoreEnds(index, part, value);
        if (rank is not PartRank.Rest)
        {
            ScoreName(part);
            if (!isLeftOut) _context.PartsScored++;
        }

        if (isLeftOut) return;
        if (rank is not PartRank.Rest && IsCut(part)) _context.Gaps |= ModelGaps.Window;
        Settle(index, part, hasHits);
    }

    /// <summary>Head, tail and the surroundings of what rules found.</summary>
    private void ScoreEnds(int index, in RequestPart part, ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < LongValue.PieceCount(value.Length); i++)
        {
            if (IsEnd(index, value.Length, i)) ScorePiece(part, value, i);
        }
    }

    private void ScoreRest(int index, in RequestPart part, ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < LongValue.PieceCount(value.Length); i++)
        {
            if (IsEnd(index, value.Length, i)) continue;
            if (IsSpent)
            {
                _context.Gaps |= ModelGaps.Window;
                _context.HasUnjudgedHits |= HasHitOfUnknownPlace(index);
                return;
            }

            ScorePiece(part, value, i);
        }
    }

    private void ScorePiece(in RequestPart part, ReadOnlySpan<byte> value, int piece)
    {
        var start = LongValue.PieceStart(value.Length, piece);
        ScoreText(part, value.Slice(start, LongValue.PieceBytes), start, isName: false, hasHits: true);
    }

    private bool IsEnd(int index, int length, int piece)
    {
        if (piece == 0 || piece == LongValue.PieceCount(length) - 1) return true;
        var places = _context.Parts.Places;
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] == index && _context.Hits![i].At is var at and >= 0
                && LongValue.PieceAt(length, at) == piece) return true;
        }

        return false;
    }

    private bool HasHitOfUnknownPlace(int index) => _context.Parts.HasHitOfUnknownPlace(_context.Hits, index);

    /// <summary>One text of the present part: a value, a piece of a long one, or a name.</summary>
    private void ScoreText(in RequestPart part, ReadOnlySpan<byte> raw, int at, bool isName, bool hasHits)
    {
        _context.WorkLeft -= ScoringBudget.UnitsPerValue + raw.Length;
        var length = isName
            ? ValueNormalizer.Normalize(raw, _context.Value, out var flags)
            : PartRules.Normalize(part.Kind, raw, _context.Value, out flags);
        ReadOnlySpan<byte> value = _context.Value.AsSpan(0, length);
        if (!isName && !hasHits && (ValueNormalizer.IsPlain(value, flags) || PartRules.IsSeparator(value))) return;
        _context.Excluded.IsName = isName;
        if (_context.Excluded.HoldsNow && _values.IsLeftOut(value, flags)) return;
        _context.Signals |= AttackSignal.Of(value, flags, isName);
        var score = _values.Score(value, flags, _arms);
        if (score > _context.PartPiece.Score) _context.PartPiece = (score, isName, at);
        if (_context.Questions is null && _program.Learner is { } learner && !_facts.RulesFoundAttack)
            learner.Observe(SiteLearner.KeyOf(_facts.Route, part.Kind, _request[part.Name]), _clientHash, score);
    }

    /// <summary>
    /// Of a body that nothing was read from, only the beginning is a part. That files are shown in part is said where
    /// they are read.
    /// </summary>
    private bool IsCut(in RequestPart part) =>
        part.Kind is PartKind.Body && part.Value.Length is RequestParts.BodyPartBytesMax
        && _request.Body.Length > part.Value.Length;

    /// <summary>Takes the present part's probabilities into the request's, with the evidence about that part.</summary>
    private void Settle(int index, in RequestPart part, bool hasHits)
    {
        for (var set = 0; set < SetCount; set++)
        {
            var probability = _context.PartBySet[set];
            var isHigher = probability > _context.AllBySet[set] || hasHits
                || _context.Signals is not AttackSignals.None || _context.BestPartScore < 0;
            Raise(_context.AllBySet, set, probability);
            if (part.Kind is PartKind.Path or PartKind.QueryArgument) Raise(_context.UriBySet, set, probability);
            if (part.Kind >= PartKind.BodyArgument) Raise(_context.BodyBySet, set, probability);
            if (!isHigher) continue;
            var joined = Joined(set, index, probability, hasHits, out var evidence);
            // Rules read few headers at the first level, so that none matched there says nothing for it.
            if (part.Kind is PartKind.Header or PartKind.PartHeader) joined = Math.Max(joined, probability);
            if (joined > _context.BestBySet[set]) _context.BestBySet[set] = joined;
            if (set > 0 || joined <= _context.BestPartScore) continue;
            (_context.BestPartScore, _context.BestPart, _context.BestEvidence) = (joined, part, evidence);
            (_context.BestIsName, _context.BestAt) = (_context.PartPiece.IsName, _context.PartPiece.At);
        }
    }

    private double Joined(int set, int index, double probability, bool hasHits, out double evidence)
    {
        evidence = 0;
        if (_context.Hits is not { } hits || SetOf(set).Evidence is not { } rules) return probability;
        var about = hasHits || _context.Signals is not AttackSignals.None
            ? rules.Of(hits, _context.Parts.Places, index, _context.Signals)
            : default;
        evidence = about.LogOdds;
        return rules.Join(probability, about);
    }

    /// <summary>What rules found in the target, the body or the request as a whole.</summary>
    private void ScoreWholes()
    {
        if (_context.Hits is not { Count: > 0 }) return;
        _context.Signals = AttackSignals.None;
        for (var whole = PartTable.Request; whole <= PartTable.Uri; whole++)
        {
            if (!_context.Parts.Places.Contains(whole)) continue;
            for (var set = 0; set < SetCount; set++)
            {
                var probability = whole switch
                {
                    PartTable.Uri => _context.UriBySet[set],
                    PartTable.Body => _context.BodyBySet[set],
                    _ => _context.AllBySet[set],
                };
                var joined = Joined(set, whole, probability, hasHits: true, out var evidence);
                if (joined <= _context.BestBySet[set]) continue;
                _context.BestBySet[set] = joined;
                // The part that models found worst stays the one to name.
                if (set == 0) (_context.BestPartScore, _context.BestEvidence) = (joined, evidence);
            }
        }
    }

    /// <summary>What rules found in long values, beside the score of what stands around it.</summary>
    private void ScoreSurroundings()
    {
        if (_context.Hits is not { Count: > 0 } hits) return;
        var places = _context.Parts.Places;
        var surroundings = new Surroundings(_values, _context, _request, _arms);
        var left = Surroundings.MatchesMax;
        for (var i = 0; i < places.Length && left > 0; i++)
        {
            if (places[i] == int.MinValue || SetOf(0).Evidence is not { } evidence) continue;
            if (!Surroundings.IsInLong(hits[i], evidence) || IsExcluded(places[i])) continue;
            if (IsSpent || !surroundings.Score(hits[i])) continue;
            left--;
            for (var set = 0; set < SetCount; set++)
            {
                if (SetOf(set).Evidence is not { } rules) continue;
                var about = rules.Around(hits, places, i, Surroundings.ReachBytes);
                var joined = rules.Join(_context.PartBySet[set], about);
                if (joined <= _context.BestBySet[set]) continue;
                _context.BestBySet[set] = joined;
                if (set == 0) Name(places[i], joined, about, hits[i].At);
            }
        }
    }

    /// <summary>What an exclusion takes out of a value may stand anywhere in it.</summary>
    private bool IsExcluded(int place)
    {
        if (place < 0) return _context.Excluded.HoldsSomewhere;
        _context.Excluded.Enter(_request, _context.Parts[place], _program);
        return _context.Excluded.HoldsNow;
    }

    private void Name(int place, double score, PartEvidence about, int at)
    {
        (_context.BestPartScore, _context.BestEvidence) = (score, about.LogOdds);
        if (place < 0) return;
        (_context.BestPart, _context.BestIsName) = (_context.Parts[place], false);
        _context.BestAt = Math.Clamp(at - Surroundings.ReachBytes, 0, _context.BestPart.Value.Length);
    }

    private int SetCount => _isPaired ? Math.Min(_program.Rollouts.Length + 1, ScoringContext.SetsMax) : 1;

    private ModelSet SetOf(int set) => set == 0 ? _deciding : _program.SetFor(_arms ^ (1u << (set - 1)));

    private static void Raise(double[] bests, int set, double probability)
    {
        if (probability > bests[set]) bests[set] = probability;
    }

    private bool IsBelowLearned(double score) =>
        _program.Learner is { } learner
        && score < learner.ThresholdOf(
            SiteLearner.KeyOf(_facts.Route, _context.BestPart.Kind, _request[_context.BestPart.Name]));

    private ScoringResult Result(double score, RiskLevel risk, RiskActionKind action)
    {
        var hasFailed = _deciding.Members.Any(_context, static (m, c) => c.FailedByModel[m.Slot]);
        var hasMissed = _deciding.Members.Any(_context, static (m, c) => c.MissedByModel[m.Slot]);
        var gaps = _context.Gaps | _program.Gaps
            | (hasFailed ? ModelGaps.Missing : ModelGaps.None) | (hasMissed ? ModelGaps.Pool : ModelGaps.None);
        var result = new ScoringResult
        {
            Outcome = RequestScorer.OutcomeOf(gaps), Gaps = gaps, Score = score, Risk = risk, Action = action,
            Models = [], HasUnjudgedHits = _context.HasUnjudgedHits,
            RuleEvidence = _context.BestEvidence, PartsScored = _context.PartsScored,
            Uncertainty = _context.Uncertainty, IsUncertain = _context.IsUncertain,
        };
        if (_context.Excluded.Applied is { Count: > 0 } applied)
        {
            result = result with
            {
                Exclusions = [.. applied.Where(a => !a.Exclusion.IsOfCode).Select(a => a.Exclusion.Name)],
                ChangedBy = ExclusionEffect.ChangedBy(_deciding, _context, _program.Policy, action, ofCode: false),
                CodeFields = ExclusionEffect.ChangedBy(_deciding, _context, _program.Policy, action, ofCode: true),
            };
        }

        var isOrdinary = risk is RiskLevel.None && action is RiskActionKind.Allow && gaps is ModelGaps.None
            && _context.Hits is not { Count: > 0 };
        return isOrdinary && !_facts.WantsExplanation
            ? result
            : Explanation.Fill(result, _program, _deciding, _request, _context);
    }
}
