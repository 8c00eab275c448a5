using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;
using WafOperator.Resources.Quantities;
using WafOperator.Rollouts.Judging;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Asks what is outside: Prometheus queries and webhooks. Failures are answers (inconclusive, held), never errors.
/// </summary>
public sealed class RolloutGates(HttpClient http)
{
    private static readonly TimeSpan QueryTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>Judges the version's PromQL metrics.</summary>
    public async Task<IReadOnlyList<MetricJudgement>> MetricsAsync(
        ModelVersion version, CancellationToken cancellationToken)
    {
        var metrics = new List<MetricJudgement>();
        foreach (var metric in version.Spec.Rollout?.Analysis?.Prometheus ?? [])
        {
            var maximum = DecimalText.ParseDouble(metric.Maximum);
            var value = await QueryAsync(metric, version, cancellationToken);
            var verdict = value is null ? RolloutVerdict.Inconclusive : value > maximum ? RolloutVerdict.Fail
                : RolloutVerdict.Pass;
            metrics.Add(new MetricJudgement(
                metric.Name, 0, value ?? 0, value ?? 0, value ?? 0, maximum, verdict, value is null ? 1 : 0));
        }

        return metrics;
    }

    /// <summary>Judges what both versions did with labelled requests; nothing when that is not known.</summary>
    public static IReadOnlyList<MetricJudgement> Feedback(ModelVersion version, ModelComparison? comparison)
    {
        if (comparison is not { Error: null } known) return [];
        var analysis = version.Spec.Rollout?.Analysis ?? new AnalysisSpec();
        var samples = new RolloutSamples
        {
            Pass0C0 = known.Benign00, Pass0C1 = known.Benign01, Pass1C0 = known.Benign10, Pass1C1 = known.Benign11,
            Attack0C0 = known.Attack00, Attack0C1 = known.Attack01, Attack1C0 = known.Attack10,
                Attack1C1 = known.Attack11,
        };
        return RolloutJudge.Labelled(samples, new JudgeSettings
        {
            RegressionMax = DecimalText.ParseDouble(analysis.MaximumRegressionPercent) / 100,
            Alpha = DecimalText.ParseDouble(analysis.Alpha) / 2,
        });
    }

    /// <summary>Asks the webhooks whether a step may be entered.</summary>
    public async Task<StageResult> WebhooksAsync(
        ModelVersion version, StepToEnter step, CancellationToken cancellationToken)
    {
        foreach (var webhook in version.Spec.Rollout?.Webhooks ?? [])
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(DurationText.Parse(webhook.Timeout));
                var body = new JsonObject
                {
                    ["model"] = version.Spec.Model, ["version"] = version.Spec.Version,
                        ["namespace"] = version.Metadata.Namespace,
                    ["step"] = step.Number, ["weight"] = step.Weight,
                };
                using var answer = await http.PostAsJsonAsync(webhook.Url, body, limit.Token);
                if (!answer.IsSuccessStatusCode)
                    return new StageResult(
                        StageOutcome.Failed, $"{webhook.Name} answered HTTP {(int)answer.StatusCode}");
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return new StageResult(StageOutcome.Failed, $"{webhook.Name} did not answer: {failure.Message}");
            }
        }

        return new StageResult(StageOutcome.Succeeded);
    }

    private async Task<double?> QueryAsync(
        PrometheusMetric metric, ModelVersion version, CancellationToken cancellationToken)
    {
        var query = metric.Query
            .Replace("{{model}}", version.Spec.Model, StringComparison.Ordinal)
            .Replace("{{version}}", version.Spec.Version, StringComparison.Ordinal)
            .Replace("{{baseline}}", version.Status?.Baseline ?? "", StringComparison.Ordinal);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(QueryTimeMax);
            await using var stream = await http.GetStreamAsync(
                $"{metric.Address.TrimEnd('/')}/api/v1/query?query={Uri.EscapeDataString(query)}", limit.Token);
            using var answer = await JsonDocument.ParseAsync(stream, cancellationToken: limit.Token);
            var results = answer.RootElement.GetProperty("data").GetProperty("result");
            var sample = results.ValueKind is JsonValueKind.Array && results.GetArrayLength() == 1
                ? results[0].GetProperty("value")[1] : default;
            return sample.ValueKind is JsonValueKind.String
                && double.TryParse(sample.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    && double.IsFinite(value)
                    ? value
                    : null;
        }
        catch (Exception failure) when (
            failure is HttpRequestException or OperationCanceledException or JsonException or KeyNotFoundException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }
}
