using System.Globalization;
using WafOperator.Resources.Models;
using WafOperator.Resources.Quantities;
using WafOperator.Protocols.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>Absolute gates on what an evaluation measured (pure).</summary>
public static class EvaluationGates
{
    /// <summary>Passes, or fails with every gate that was missed.</summary>
    /// <param name="report">What was measured.</param>
    /// <param name="spec">Gates.</param>
    /// <param name="baselineDigest">Package of the promoted version, or null: it must have been compared with.</param>
    public static StageResult Judge(ModelEvaluation report, EvaluationSpec spec, string? baselineDigest)
    {
        if (report.Error is { } error) return new StageResult(
            StageOutcome.Failed, $"evaluation could not run the model: {error}");
        var regression = DecimalText.ParseDouble(spec.MaximumRegressionPercent) / 100;
        var misses = new List<string>();
        var recallMin = DecimalText.ParseDouble(spec.MinimumRecall);
        var falsePositivesMax = DecimalText.ParseDouble(spec.MaximumFalsePositiveRate);
        var latencyMax = DurationText.Parse(spec.MaximumLatency);
        if (report.Recall < recallMin) misses.Add($"recall {Text(report.Recall)} under {Text(recallMin)}");
        if (report.FalsePositiveRate > falsePositivesMax)
            misses.Add($"false positives {Text(report.FalsePositiveRate)} over {Text(falsePositivesMax)}");
        if (report.LatencyMicrosecondsP99 > latencyMax.TotalMicroseconds)
            misses.Add($"latency {report.LatencyMicrosecondsP99} us at the 99th percentile over {spec.MaximumLatency}");
        if (baselineDigest is not null) misses.AddRange(Regressions(report, baselineDigest, regression));
        var summary = $"recall {Text(report.Recall)}, false positives {Text(report.FalsePositiveRate)}, p99 {report.LatencyMicrosecondsP99} us";
        return misses.Count == 0
            ? new StageResult(StageOutcome.Succeeded, summary)
            : new StageResult(StageOutcome.Failed, "gates missed on the golden corpus: " + string.Join("; ", misses));
    }

    /// <summary>Where the candidate does worse than the promoted version on the same requests.</summary>
    private static IEnumerable<string> Regressions(ModelEvaluation report, string baselineDigest, double regression)
    {
        if (!report.Comparisons.Any(c => c.Error is null && c.BaselineDigest == baselineDigest))
            yield return $"no comparison with the promoted version: {(report.Comparisons is [var first, ..] ? first.Error : null) ?? "none was made"}";
        foreach (var c in report.Comparisons.Where(c => c.Error is null))
        {
            var where = c.Corpus is "baseline" ? "the promoted version's corpus" : "its own corpus";
            var (before, now) = (Share(c.Attack10 + c.Attack11, Attacks(c)), Share(c.Attack01 + c.Attack11, Attacks(c)));
            if (now < before - regression)
                yield return $"recall {Text(now)} on {where}, where the promoted version has {Text(before)}";
            (before, now) = (Share(c.Benign10 + c.Benign11, Benign(c)), Share(c.Benign01 + c.Benign11, Benign(c)));
            if (now > before + regression)
                yield return $"false positives {Text(now)} on {where}, where the promoted version has {Text(before)}";
        }
    }

    private static int Attacks(ModelComparison c) => c.Attack00 + c.Attack01 + c.Attack10 + c.Attack11;

    private static int Benign(ModelComparison c) => c.Benign00 + c.Benign01 + c.Benign10 + c.Benign11;

    private static double Share(int part, int all) => all == 0 ? 0 : (double)part / all;

    private static string Text(double share) => share.ToString("0.####", CultureInfo.InvariantCulture);
}
