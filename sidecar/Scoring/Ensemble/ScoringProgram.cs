using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Learning;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Rollouts;

namespace WafOperator.Scoring.Ensemble;

/// <summary>One rollout as a program sees it.</summary>
internal sealed record RolloutArm(
    int Family, Member Baseline, Member Candidate, string Salt, int WeightPercent, int PairedPercent, RolloutTally Tally);

/// <summary>
/// The models of a policy, ready to score. Immutable but for counters; belongs to one policy snapshot. A family whose promoted package is
/// not loaded keeps the version that the previous program used.
/// </summary>
public sealed class ScoringProgram
{
    private readonly MlPolicy _policy;
    private readonly Member?[] _baseline;
    private readonly RolloutArm[] _rollouts;

    private ScoringProgram(MlPolicy policy, Member?[] baseline, RolloutArm[] rollouts, int slots, SiteLearner? learner)
    {
        _policy = policy;
        _baseline = baseline;
        _rollouts = rollouts;
        Slots = slots;
        Learner = learner;
        BaselineSet = SetOf(null);
        CandidateSets = [.. rollouts.Select(SetOf)];
    }

    /// <summary>The policy that this was made from.</summary>
    public MlPolicy Policy => _policy;

    /// <summary>Why families of the policy are not here at all; none when every family has a model.</summary>
    public ModelGaps Gaps { get; private init; }

    /// <summary>A pool may be asked.</summary>
    public bool HasRemote { get; private init; }

    /// <summary>True when there is nothing to score with.</summary>
    public bool IsEmpty => BaselineSet.Members.Length == 0 && _rollouts.Length == 0;

    /// <summary>Two versions of a family are compared.</summary>
    public bool HasRollouts => _rollouts.Length > 0;

    /// <summary>The member is one of two versions that a rollout compares.</summary>
    internal bool IsCompared(Member member)
    {
        foreach (var rollout in _rollouts)
        {
            if (ReferenceEquals(rollout.Baseline, member) || ReferenceEquals(rollout.Candidate, member)) return true;
        }

        return false;
    }

    /// <summary>Learned thresholds, or null when learning is off.</summary>
    public SiteLearner? Learner { get; }

    /// <summary>Counters of the rollouts under way.</summary>
    public IEnumerable<RolloutTally> Tallies => _rollouts.Select(r => r.Tally);

    internal int Slots { get; }

    internal ModelSet BaselineSet { get; }

    internal RolloutArm[] Rollouts => _rollouts;

    /// <summary>For each rollout, the baseline with that family's candidate.</summary>
    internal ModelSet[] CandidateSets { get; }

    /// <summary>
    /// Runs each model of this process over texts of every length it knows, so that the first request need not.
    /// </summary>
    public void WarmUp()
    {
        foreach (var member in _baseline.OfType<Member>().Concat(_rollouts.Select(rollout => rollout.Candidate)))
        {
            if (!member.Model.IsRemote) ModelWarmUp.Run(member.Model);
        }
    }

    /// <summary>Makes a program from what is loaded now.</summary>
    public static ScoringProgram Build(MlPolicy policy, ModelLibrary library, ScoringProgram? previous, SiteLearner? learner)
    {
        var slots = 0;
        var baseline = new Member?[policy.Models.Count];
        var rollouts = new List<RolloutArm>();
        var gaps = ModelGaps.None;
        for (var i = 0; i < policy.Models.Count; i++)
        {
            var assignment = policy.Models[i];
            var model = library.Find(assignment.Baseline) ?? previous?.ModelOf(assignment.Model);
            if (model is not null) baseline[i] = MemberOf(slots++, model, assignment);
            else gaps |= library.GapOf(assignment.Baseline);
            // Without a baseline there is nothing to compare with; the operator promotes a first version by its gates alone.
            if (baseline[i] is not { } active || library.Find(assignment.Candidate) is not { } candidate) continue;
            rollouts.Add(new RolloutArm(
                i, active, MemberOf(slots++, candidate, assignment), assignment.RolloutSalt ?? candidate.Digest,
                assignment.CandidateWeightPercent, assignment.PairedSamplePercent,
                TallyOf(assignment, active.Model.Digest, candidate.Digest, previous)));
        }

        var hasRemote = baseline.Any(m => m is { Model.IsRemote: true })
            || rollouts.Any(r => r.Candidate.Model.IsRemote);
        return new ScoringProgram(policy, baseline, [.. rollouts], slots, learner)
        {
            HasRemote = hasRemote, Gaps = gaps,
        };
    }

    /// <summary>The set for a request whose rollouts fell to these arms (bit i: candidate of rollout i).</summary>
    internal ModelSet SetFor(uint candidateArms)
    {
        if (candidateArms == 0) return BaselineSet;
        for (var i = 0; i < _rollouts.Length; i++)
        {
            if (candidateArms == 1u << i) return CandidateSets[i];
        }

        // Two rollouts at once on the same client: rare enough to be put together on the spot.
        var members = (Member?[])_baseline.Clone();
        for (var i = 0; i < _rollouts.Length; i++)
        {
            if ((candidateArms >> i & 1) != 0) members[_rollouts[i].Family] = _rollouts[i].Candidate;
        }

        return new ModelSet(_policy.Ensemble, [.. members.OfType<Member>()]);
    }

    private ModelSet SetOf(RolloutArm? rollout)
    {
        var members = (Member?[])_baseline.Clone();
        if (rollout is not null) members[rollout.Family] = rollout.Candidate;
        return new ModelSet(_policy.Ensemble, [.. members.OfType<Member>()]);
    }

    private ValueModel? ModelOf(string family)
    {
        for (var i = 0; i < _baseline.Length; i++)
        {
            if (_policy.Models[i].Model == family) return _baseline[i]?.Model;
        }

        return null;
    }

    private static Member MemberOf(int slot, ValueModel model, ModelAssignment assignment) =>
        new(slot, model, assignment.Weight, assignment.Threshold ?? model.AloneThreshold);

    /// <summary>A policy change in the middle of a step must not set its counters back.</summary>
    private static RolloutTally TallyOf(
        ModelAssignment assignment, string baseline, string candidate, ScoringProgram? previous) =>
        previous?.Tallies.FirstOrDefault(t => t.IsOf(
            assignment.Model, baseline, candidate, assignment.RolloutSalt, assignment.RolloutStep))
        ?? new RolloutTally(assignment.Model, baseline, candidate, assignment.RolloutSalt, assignment.RolloutStep);
}
