using WafOperator.Resources.Models;

namespace WafOperator.Rollouts.Judging;

/// <summary>What one metric says.</summary>
/// <param name="Name">Name, as in the status.</param>
/// <param name="Baseline">Baseline's value.</param>
/// <param name="Candidate">Candidate's value.</param>
/// <param name="Lower">Lower bound of how much worse the candidate is.</param>
/// <param name="Upper">Upper bound of it.</param>
/// <param name="Threshold">How much worse it may be.</param>
/// <param name="Verdict">Pass when surely under the threshold, fail when surely over a quarter of it, else
/// inconclusive; none: no data needed.</param>
/// <param name="MorePairs">Estimate of the pairs that are still missing for an answer; 0 when there is one.</param>
public sealed record MetricJudgement(
    string Name, double Baseline, double Candidate, double Lower, double Upper, double Threshold,
        RolloutVerdict Verdict, long MorePairs = 0);

/// <summary>What all metrics say together.</summary>
/// <param name="Verdict">Fail when one fails; pass when all pass and enough was seen; else inconclusive.</param>
/// <param name="Metrics">Each of them.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="MorePairs">Estimate of the pairs still missing.</param>
public sealed record Judgement(
    RolloutVerdict Verdict, IReadOnlyList<MetricJudgement> Metrics, string Reason, long MorePairs);
