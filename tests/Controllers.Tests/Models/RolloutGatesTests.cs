using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>What is asked outside: a real Prometheus, and webhooks.</summary>
public sealed class RolloutGatesTests
{
    private const string Prometheus = "/usr/bin/prometheus";

    [InstalledFact(Prometheus, "prometheus")]
    public async Task Metrics_OfARealPrometheus_AreJudgedByTheirMaximum()
    {
        await using var target = await ServeAsync(context => context.Response.WriteAsync(
            "orders_failed{model=\"gate\",version=\"1.1.0\"} 0.25\n"
            + "orders_failed{model=\"gate\",version=\"1.0.0\"} 0.01\n"));
        var folder = Directory.CreateTempSubdirectory("waf-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), $$"""
            global: {scrape_interval: 1s}
            scrape_configs:
            - job_name: shop
              static_configs: [{targets: ['{{new Uri(AddressOf(target)).Authority}}']}]
            """);
        var address = $"127.0.0.1:{TestApiServer.FreePort()}";
        await using var prometheus = ChildProcess.Start(
            Path.Combine(folder, "log"), Prometheus, $"--config.file={folder}/prometheus.yml",
            $"--storage.tsdb.path={folder}/data", $"--web.listen-address={address}");
        using var http = new HttpClient();
        const string query = "orders_failed{model=\"{{model}}\",version=\"{{version}}\"}";
        await Eventually.TrueAsync(
            async () => await HasResultAsync(http, $"http://{address}/api/v1/query?query=orders_failed"),
            "Prometheus has scraped");

        using var outside = TestOutside.Loopback(null, address);
        var judged = await new RolloutGates(outside.Http).MetricsAsync(
            Version(
                Metric("fails", address, query, "0.2"), Metric("passes", address, query, "0.3"),
                Metric("against-the-baseline", address, query.Replace("version", "baseline", StringComparison.Ordinal)
                    .Replace("baseline=", "version=", StringComparison.Ordinal), "0.2"),
                Metric("says-nothing", address, "no_such_metric", "1"), Metric("is-no-query", address, "sum(", "1"),
                Metric("is-many", address, "orders_failed", "1")),
            CancellationToken.None);

        Assert.Equal(
            [
                RolloutVerdict.Fail, RolloutVerdict.Pass, RolloutVerdict.Pass, RolloutVerdict.Inconclusive,
                RolloutVerdict.Inconclusive, RolloutVerdict.Inconclusive,
            ],
            judged.Select(m => m.Verdict));
        Assert.Equal((0.25, 0.2), (judged[0].Candidate, judged[0].Threshold));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(200, StageOutcome.Succeeded, null)]
    [InlineData(503, StageOutcome.Failed, "change-board: no usable answer came in time; the operator's log says why")]
    public async Task Webhooks_AnswerForTheStepToBeEntered(int status, StageOutcome outcome, string? message)
    {
        var asked = new List<JsonElement>();
        await using var board = await ServeAsync(async context =>
        {
            asked.Add(await context.Request.ReadFromJsonAsync<JsonElement>());
            context.Response.StatusCode = status;
        });
        using var outside = TestOutside.Loopback(null, AddressOf(board));

        var result = await new RolloutGates(outside.Http).WebhooksAsync(
            WithWebhook(AddressOf(board), "5s"), new StepToEnter(2, 50), CancellationToken.None);

        Assert.Equal((outcome, message), (result.Outcome, result.Message));
        var body = Assert.Single(asked);
        Assert.Equal(
            ("shop", "gate", "1.1.0", 2, 50),
            (body.GetProperty("namespace").GetString(), body.GetProperty("model").GetString(),
                body.GetProperty("version").GetString(), body.GetProperty("step").GetInt32(),
                body.GetProperty("weight").GetInt32()));
    }

    [Fact]
    public async Task Webhooks_ThatDoNotAnswer_HoldTheStep()
    {
        var never = new TaskCompletionSource();
        await using var silent = await ServeAsync(context => never.Task.WaitAsync(context.RequestAborted));
        using var outside = TestOutside.Loopback(null, AddressOf(silent));

        var result = await new RolloutGates(outside.Http).WebhooksAsync(
            WithWebhook(AddressOf(silent), "100ms"), new StepToEnter(1, 10), CancellationToken.None);

        Assert.Equal(StageOutcome.Failed, result.Outcome);
        Assert.Contains("no usable answer", result.Message, StringComparison.Ordinal);
        never.SetResult();
    }

    private static PrometheusMetric Metric(string name, string address, string query, string maximum) =>
        new() { Name = name, Address = $"http://{address}/", Query = query, Maximum = maximum };

    private static ModelVersion Version(params PrometheusMetric[] metrics) => new()
    {
        Spec = new ModelVersionSpec
        {
            Model = "gate", Version = "1.1.0",
            Rollout = new RolloutSpec { Analysis = new AnalysisSpec { Prometheus = metrics } },
        },
        Status = new ModelVersionStatus { Baseline = "1.0.0" },
    };

    private static ModelVersion WithWebhook(string url, string timeout) => new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = "gate-next" },
        Spec = new ModelVersionSpec
        {
            Model = "gate", Version = "1.1.0",
            Rollout = new RolloutSpec { Webhooks = [new() { Name = "change-board", Url = url, Timeout = timeout }] },
        },
    };

    private static Task<WebApplication> ServeAsync(RequestDelegate handler) => TestOutside.ServeAsync(handler);

    private static string AddressOf(WebApplication app) => TestOutside.AddressOf(app);

    [Theory]
    [InlineData("http://prometheus:9090", "http://prometheus:9090/api/v1/query?query=up")]
    [InlineData("http://prometheus:9090/base/", "http://prometheus:9090/base/api/v1/query?query=up")]
    [InlineData("http://prometheus:9090/admin#", null)]
    [InlineData("http://prometheus:9090/api/v1/admin?x=", null)]
    [InlineData("prometheus", null)]
    public void AnAddress_CannotCutTheQuerysPath(string address, string? expected) =>
        Assert.Equal(expected, RolloutGates.QueryUri(address, "up")?.AbsoluteUri);

    [Fact]
    public async Task APrometheusThatStreamsForEver_SaysNothing()
    {
        await using var endless = await ServeAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(new byte[64 << 10], context.RequestAborted);
        });
        using var outside = TestOutside.Loopback(null, AddressOf(endless));

        var judged = await new RolloutGates(outside.Http).MetricsAsync(
            Version(Metric("endless", new Uri(AddressOf(endless)).Authority, "up", "1")), CancellationToken.None);

        Assert.Equal(RolloutVerdict.Inconclusive, Assert.Single(judged).Verdict);
    }

    private static async Task<bool> HasResultAsync(HttpClient http, string url)
    {
        try
        {
            var answer = await http.GetFromJsonAsync<JsonElement>(url);
            return answer.GetProperty("data").GetProperty("result").GetArrayLength() > 0;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
