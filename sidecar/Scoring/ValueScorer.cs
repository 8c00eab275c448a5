using System.Diagnostics;
using WafOperator.Features;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Scoring;

/// <summary>Scores one normalised text under the sets of a request's arms, each model at most once.</summary>
internal readonly ref struct ValueScorer(
    PredictionCache cache, ScoringProgram program, ScoringContext context, ModelSet deciding, bool isPaired)
{
    /// <summary>A lower score is no attack of any family.</summary>
    private const double FamilyScoreMin = 0.01;

    private readonly PredictionCache _cache = cache;
    private readonly ScoringProgram _program = program;
    private readonly ScoringContext _context = context;
    private readonly ModelSet _deciding = deciding;
    private readonly bool _isPaired = isPaired;

    /// <summary>Probability under the deciding set; that of every set raises the present part's.</summary>
    public double Score(ReadOnlySpan<byte> value, ValueFlags flags, uint arms)
    {
        Array.Clear(_context.HasLogit);
        var score = ValueScore(_deciding, value, flags);
        if (score > _context.PartBySet[0]) _context.PartBySet[0] = score;
        if (_isPaired) ScoreOtherArms(value, flags, arms);
        return score;
    }

    /// <summary>
    /// Finds what a text of an excluded part would score without exclusions, and whether an exclusion leaves it out as
    /// a whole: all models are named, or its family is.
    /// </summary>
    public bool IsLeftOut(ReadOnlySpan<byte> value, ValueFlags flags)
    {
        var excluded = _context.Excluded;
        Array.Clear(_context.HasLogit);
        excluded.IsWithout = true;
        var score = ValueScore(_deciding, value, flags);
        excluded.IsWithout = false;
        string? family = null;
        if (score >= FamilyScoreMin && excluded.AsksForFamily)
        {
            foreach (var member in _deciding.Members) family ??= member.Model.FamilyOf(value, flags);
            if (family is not null && !excluded.IsExcluded(family)) family = null;
        }

        excluded.Apply(score, family);
        return family is not null || excluded.SkipsAll(_deciding.OfParts);
    }

    private void ScoreOtherArms(ReadOnlySpan<byte> value, ValueFlags flags, uint arms)
    {
        for (var i = 0; i < _program.Rollouts.Length && i + 1 < ScoringContext.SetsMax; i++)
        {
            var other = _program.SetFor(arms ^ (1u << i));
            var score = ValueScore(other, value, flags);
            if (score > _context.PartBySet[i + 1]) _context.PartBySet[i + 1] = score;
        }
    }

    /// <summary>Score of one value under a set; per-model bests are kept beside it.</summary>
    private double ValueScore(ModelSet set, ReadOnlySpan<byte> value, ValueFlags flags)
    {
        if (set.Ensemble is not EnsembleKind.Cascade)
        {
            var highest = 0.0;
            var shown = Shown(set, value, flags);
            foreach (var member in set.Values)
            {
                if (_context.Excluded.IsSkipped(member)) continue;
                var logit = member.Model.IsRemote
                    ? RemoteLogit(set, member, value[shown], flags)
                    : Logit(member, value, member.Model.IsGate ? .. : shown, flags);
                if (double.IsNaN(logit)) continue;
                var p = member.Model.Probability(logit);
                _context.Note(member, p);
                highest = Math.Max(highest, p);
            }

            return highest;
        }

        if (!HasGate(set)) return SecondLook(set, 0, 0, value, Shown(set, value, flags), flags);
        var gate = set.Gate!;
        Logit(gate, value, .., flags);
        var worst = 0.0;
        var places = _context.PlacesOf(gate.Slot);
        for (var i = 0; i < _context.PlaceCount[gate.Slot]; i++)
        {
            var probability = gate.Model.Probability(places[i].Logit);
            _context.Note(gate, probability);
            if (i < GatePlace.Max && probability >= set.Low && probability <= set.High)
                probability = SecondLook(set, places[i].Logit, probability, value, places[i].Bytes, flags);
            worst = Math.Max(worst, probability);
        }

        return worst;
    }

    /// <summary>What networks say of a place that the gate leaves open.</summary>
    private double SecondLook(
        ModelSet set, double gateLogit, double probability, ReadOnlySpan<byte> value, Range place, ValueFlags flags)
    {
        if (!_context.Excluded.SkipsAll(set.Second))
        {
            probability = BestOf(set, gateLogit, value, place, flags);
            if (probability < set.RemoteLow || probability > set.RemoteHigh) return probability;
        }

        return set.Remote.Length == 0 ? probability : AskedOf(set, gateLogit, probability, value[place], flags);
    }

    /// <summary>
    /// What networks are shown of a value without a cascade: all of it, or of a long one what a gate finds worst.
    /// </summary>
    private Range Shown(ModelSet set, ReadOnlySpan<byte> value, ValueFlags flags)
    {
        if (value.Length <= RequestScorer.NetworkBytesMax) return ..value.Length;
        foreach (var member in set.Members)
        {
            if (!member.Model.IsGate) continue;
            Logit(member, value, .., flags);
            return _context.PlacesOf(member.Slot)[0].Bytes;
        }

        return ..RequestScorer.NetworkBytesMax;
    }

    private bool HasGate(ModelSet set) => set.Gate is { } gate && !_context.Excluded.IsSkipped(gate);

    /// <summary>What the pool says of a value; what local models said when it did not answer.</summary>
    private double AskedOf(ModelSet set, double gateLogit, double local, ReadOnlySpan<byte> value, ValueFlags flags)
    {
        var best = double.NaN;
        foreach (var member in set.Remote)
        {
            if (_context.Excluded.IsSkipped(member)) continue;
            var logit = RemoteLogit(set, member, value, flags);
            if (double.IsNaN(logit)) continue;
            var p = HasGate(set)
                ? ModelSet.Join(gateLogit, logit, member.Model)
                : member.Model.Probability(logit);
            _context.Note(member, p);
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
        if (_context.Excluded.IsWithout) return _cache.TryGet(key, out logit) ? logit : double.NaN;
        if (!(_isPaired && _program.IsCompared(member)) && _cache.TryGet(key, out logit)) return logit;
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

        _cache.Set(key, logit);
        _context.TicksByModel[member.Slot] = _context.Answers.TicksOf(member.Model);
        return logit;
    }

    private ulong KeyOf(Member member, ReadOnlySpan<byte> value, ValueFlags flags)
    {
        const ulong FlagsApart = 0x9E37_79B9_7F4A_7C15;
        var model = member.Model.DigestNumber ^ ((uint)flags * FlagsApart);
        return _cache.Key(value, model);
    }

    private double BestOf(ModelSet set, double gateLogit, ReadOnlySpan<byte> value, Range focus, ValueFlags flags)
    {
        var best = 0.0;
        foreach (var member in set.Second)
        {
            if (_context.Excluded.IsSkipped(member)) continue;
            var logit = Logit(member, value, focus, flags);
            var p = HasGate(set)
                ? ModelSet.Join(gateLogit, logit, member.Model)
                : member.Model.Probability(logit);
            _context.Note(member, p);
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
            var places = _context.PlacesOf(member.Slot);
            var count = _context.PlaceCount[member.Slot] = member.Model.Look(value, flags, places);
            // Each further place takes another pass over a part of the value.
            _context.WorkLeft -= (count - 1) * (long)value.Length / ScoringBudget.BytesPerUnitOfPlaces;
            logit = places[0].Logit;
        }
        else
        {
            var key = KeyOf(member, value, flags);
            // Versions that are compared both do the work: what one of them remembers would look like speed.
            logit = 0;
            if ((_isPaired && _program.IsCompared(member)) || !_cache.TryGet(key, out logit))
            {
                _context.WorkLeft -= ScoringBudget.UnitsPerNetworkByte * (long)value.Length;
                logit = Guarded(member, value, flags);
                // A failure is not an answer: the next request asks again.
                if (!_context.FailedByModel[member.Slot]) _cache.Set(key, logit);
            }
        }

        if (!_context.Excluded.IsWithout) _context.TicksByModel[member.Slot] += Stopwatch.GetTimestamp() - started;
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
}
