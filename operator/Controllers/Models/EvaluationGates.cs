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
    /// <param name="promoted">What the promoted version measured on its own corpus, or null.</param>
    public static StageResult Judge(ModelEvaluation report, EvaluationSpec spec, ModelEvaluation? promoted)
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
        if (promoted is { Error: null } && report.Recall < promoted.Recall - regression)
            misses.Add($"recall {Text(report.Recall)}, the promoted version has {Text(promoted.Recall)}");
        if (promoted is { Error: null } && report.FalsePositiveRate > promoted.FalsePositiveRate + regression)
            misses.Add($"false positives {Text(report.FalsePositiveRate)}, the promoted version has {Text(promoted.FalsePositiveRate)}");
        var summary = $"recall {Text(report.Recall)}, false positives {Text(report.FalsePositiveRate)}, p99 {report.LatencyMicrosecondsP99} us";
        return misses.Count == 0
            ? new StageResult(StageOutcome.Succeeded, summary)
            : new StageResult(StageOutcome.Failed, "gates missed on the golden corpus: " + string.Join("; ", misses));
    }

    private static string Text(double share) => share.ToString("0.####", CultureInfo.InvariantCulture);
}
