using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Outside;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;
using WafOperator.Resources.Quantities;
using WafOperator.Rollouts.Judging;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Asks what is outside: Prometheus queries and webhooks. Failures are answers (inconclusive, held), never errors.
/// </summary>
public sealed class RolloutGates(OutsideHttp http)
{
    private const int QueryBytesMax = 1 << 20;
    private const int WebhookBytesMax = 64 << 10;
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
            var body = new JsonObject
            {
                ["model"] = version.Spec.Model, ["version"] = version.Spec.Version,
                ["namespace"] = version.Metadata.Namespace, ["step"] = step.Number, ["weight"] = step.Weight,
            };
            var answer = await http.ReadAsync(
                new OutsideCall(HttpMethod.Post, new Uri(webhook.Url), SubjectOf(version))
                {
                    Body = Encoding.UTF8.GetBytes(body.ToJsonString()), ContentType = "application/json",
                    TimeMax = DurationText.Parse(webhook.Timeout), BytesMax = WebhookBytesMax,
                },
                cancellationToken);
            if (answer.Problem is { } problem)
                return new StageResult(StageOutcome.Failed, $"{webhook.Name}: {OutsideWords.Of(problem)}");
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
        if (QueryUri(metric.Address, query) is not { } uri) return null;
        var answer = await http.ReadAsync(
            new OutsideCall(HttpMethod.Get, uri, SubjectOf(version))
            {
                TimeMax = QueryTimeMax, BytesMax = QueryBytesMax,
            },
            cancellationToken);
        return answer.Problem is null ? SampleOf(answer.Body) : null;
    }

    /// <summary>
    /// The query under a server's base URL; null for one with a query or fragment of its own, which would cut our path.
    /// </summary>
    internal static Uri? QueryUri(string address, string query) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && !address.Contains('?', StringComparison.Ordinal)
            && !address.Contains('#', StringComparison.Ordinal)
            ? new Uri($"{uri.AbsoluteUri.TrimEnd('/')}/api/v1/query?query={Uri.EscapeDataString(query)}")
            : null;

    private static double? SampleOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
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
            failure is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static string SubjectOf(ModelVersion version) =>
        $"ModelVersion {version.Metadata.Namespace}/{version.Metadata.Name}";
}
