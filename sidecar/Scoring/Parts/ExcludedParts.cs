using WafOperator.Http;
using WafOperator.Scoring.Ensemble;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// What exclusions take out of one request's scoring, and what would have come out without them: only so can an
/// exclusion's hits be requests that it changed. Reused; not thread-safe.
/// </summary>
internal sealed class ExcludedParts
{
    private readonly List<ModelExclusion> _request = [];
    private readonly List<ModelExclusion> _part = [];
    private readonly List<(ModelExclusion Exclusion, double Best)> _applied = [];
    private readonly bool[] _skipped = new bool[ScoringContext.SlotsMax];

    /// <summary>Best probability of each model over the request had nothing been excluded, where more than kept.</summary>
    public readonly double[] BestByModel = new double[ScoringContext.SlotsMax];

    /// <summary>An exclusion holds for the part that is scored now.</summary>
    public bool HoldsNow => _part.Count > 0;

    /// <summary>An exclusion holds for some parts of the request, perhaps.</summary>
    public bool HoldsSomewhere => _request.Count > 0;

    /// <summary>Set while the score without exclusions is found: nothing is skipped, timed or asked of a pool.</summary>
    public bool IsWithout { get; set; }

    /// <summary>A name is scored: fields that carry code have ordinary ones.</summary>
    public bool IsName { get; set; }

    /// <summary>Exclusions that took part, with the best score of a value that each covered.</summary>
    public IReadOnlyList<(ModelExclusion Exclusion, double Best)> Applied => _applied;

    public void Reset()
    {
        _request.Clear();
        _part.Clear();
        _applied.Clear();
        Array.Clear(_skipped);
        Array.Clear(BestByModel);
        (IsWithout, IsName) = (false, false);
    }

    /// <summary>Finds those whose path and method are the request's.</summary>
    public void Begin(ExclusionProgram program, CanonicalRequest request)
    {
        _request.Clear();
        if (!program.IsEmpty) program.AddMatching(request, _request);
    }

    /// <summary>Goes to a part: finds what holds for it, and which models leave it out.</summary>
    public void Enter(CanonicalRequest request, in RequestPart part, ScoringProgram program)
    {
        if (_request.Count == 0) return;
        _part.Clear();
        Array.Clear(_skipped);
        foreach (var exclusion in _request)
        {
            if (!exclusion.MatchesPart(request, part)) continue;
            _part.Add(exclusion);
            foreach (var member in program.BaselineSet.Members) Skip(exclusion, member);
            foreach (var rollout in program.Rollouts) Skip(exclusion, rollout.Candidate);
        }
    }

    /// <summary>The model leaves the present part out.</summary>
    public bool IsSkipped(Member member) => !IsWithout && _part.Count > 0 && _skipped[member.Slot];

    /// <summary>All of these leave the present part out; true for none.</summary>
    public bool SkipsAll(Member[] members)
    {
        foreach (var member in members)
        {
            if (!IsSkipped(member)) return false;
        }

        return true;
    }

    /// <summary>A family of that name is no attack in the present part.</summary>
    public bool IsExcluded(string family)
    {
        foreach (var exclusion in _part)
        {
            if (IsMeant(exclusion) && exclusion.Families.Contains(family, StringComparer.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>Families matter for the present part.</summary>
    public bool AsksForFamily
    {
        get
        {
            foreach (var exclusion in _part)
            {
                if (IsMeant(exclusion) && exclusion.Families.Count > 0) return true;
            }

            return false;
        }
    }

    /// <summary>The exclusions of the present part took part in its score.</summary>
    /// <param name="score">Score of the value had nothing been excluded.</param>
    /// <param name="family">Family by which it was left out, or null.</param>
    public void Apply(double score, string? family)
    {
        foreach (var exclusion in _part)
        {
            var byFamily = family is not null && IsMeant(exclusion)
                && exclusion.Families.Contains(family, StringComparer.Ordinal);
            if (!byFamily && exclusion.Models.Count == 0) continue;
            var at = _applied.FindIndex(a => ReferenceEquals(a.Exclusion, exclusion));
            if (at < 0) _applied.Add((exclusion, score));
            else if (score > _applied[at].Best) _applied[at] = (exclusion, score);
        }
    }

    private bool IsMeant(ModelExclusion exclusion) => !(IsName && exclusion.IsOfCode);

    private void Skip(ModelExclusion exclusion, Member member)
    {
        if (exclusion.Models.Contains(member.Model.Model, StringComparer.Ordinal)) _skipped[member.Slot] = true;
    }
}
