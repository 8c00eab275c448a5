using System.Globalization;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Rollouts.Machine;

/// <summary>
/// How many requests each version has decided over a whole rollout, kept in the status: what ended steps had, and the
/// present step, whose counters sidecars begin anew (pure).
/// </summary>
internal readonly record struct RolloutExposure(
    long BaselineBefore, long CandidateBefore, long Baseline, long Candidate)
{
    /// <summary>What a status holds.</summary>
    public static RolloutExposure Of(ModelVersionStatus status)
    {
        long At(string name) => status.Counters.FirstOrDefault(c => c.Name == name)?.Value ?? 0;
        var (baseline, candidate) = (At("baselineDecidedBefore"), At("candidateDecidedBefore"));
        return new(baseline, candidate, At("baselineDecided") - baseline, At("candidateDecided") - candidate);
    }

    /// <summary>The present step's counters; never less than was known, since sidecars come and go.</summary>
    public RolloutExposure With(RolloutSamples step) => this with
    {
        Baseline = Math.Max(Baseline, step.BaselineDecided), Candidate = Math.Max(Candidate, step.CandidateDecided),
    };

    /// <summary>The step is over.</summary>
    public RolloutExposure EndStep() => new(BaselineBefore + Baseline, CandidateBefore + Candidate, 0, 0);

    /// <summary>For the status.</summary>
    public IReadOnlyList<CounterSnapshot> ToCounters() =>
    [
        new() { Name = "baselineDecided", Value = BaselineBefore + Baseline },
        new() { Name = "candidateDecided", Value = CandidateBefore + Candidate },
        new() { Name = "baselineDecidedBefore", Value = BaselineBefore },
        new() { Name = "candidateDecidedBefore", Value = CandidateBefore },
    ];

    /// <summary>For people; empty when nothing was decided.</summary>
    public string Words
    {
        get
        {
            var (candidate, all) =
                (CandidateBefore + Candidate, BaselineBefore + Baseline + CandidateBefore + Candidate);
            return all == 0 ? "" : string.Create(
                CultureInfo.InvariantCulture,
                    $"; it decided {candidate} of {all} requests ({100.0 * candidate / all:0.##} %)");
        }
    }
}
