using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Injection;
using WafOperator.Webhooks;

namespace WafOperator.Benchmarks.Admission;

/// <summary>
/// Latency of one pod's admission as the API server sees it: a review over a kept-alive loopback connection (no TLS),
/// in a namespace with many policies, workloads and Services. The limit is 10 ms at the 99th percentile.
/// </summary>
internal static class AdmissionBenchmark
{
    private const int WarmUp = 500;
    private const double LimitMilliseconds = 10;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var requests = arguments is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 5000;
        var cache = CrowdedCache.Create(policies: 100, workloads: 300);
        await using var application = await StartAsync(cache);
        var address = application.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.First();
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        var body = Encoding.UTF8.GetBytes(Review().ToJsonString());
        var patchBytes = 0;
        for (var i = 0; i < WarmUp; i++) (patchBytes, _) = await SendAsync(client, body);
        var samples = new double[requests];
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < requests; i++) (_, samples[i]) = await SendAsync(client, body);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Array.Sort(samples);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"admission: {requests} pods of {body.Length} bytes, answers "
                + $"of {patchBytes} bytes, 100 policies, 300 workloads and Services"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"admission: p50 {At(samples, 0.5):0.000} ms, p90 {At(samples, 0.9):0.000} ms, "
                + $"p99 {At(samples, 0.99):0.000} ms, "
            + $"max {samples[^1]:0.000} ms; {allocated / requests} bytes allocated per pod, client included"));
        return At(samples, 0.99) < LimitMilliseconds ? 0 : 1;
    }

    private static double At(double[] sorted, double quantile) =>
        sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * quantile)];

    private static async Task<(int Bytes, double Milliseconds)> SendAsync(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var started = Stopwatch.GetTimestamp();
        using var response = await client.PostAsync(new Uri(AdmissionEndpoints.PodsPath, UriKind.Relative), content);
        var answer = await response.Content.ReadAsByteArrayAsync();
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        // An answer without a patch would make the figures worthless.
        return answer.AsSpan().IndexOf("\"patchType\""u8) >= 0 ? (answer.Length, elapsed)
            : throw new InvalidOperationException(Encoding.UTF8.GetString(answer));
    }

    private static async Task<WebApplication> StartAsync(IAdmissionCache cache)
    {
        var settings = new InjectionSettings
        {
            SidecarImage = "registry.example/waf/sidecar:1",
            InitImage = "registry.example/waf/init:1",
            OperatorUrl = "https://waf-operator.waf-system.svc:9444",
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var application = builder.Build();
        application.MapAdmission(new(cache, () => settings), new(cache, () => settings),
            new(TimeProvider.System, cache), NullLogger.Instance);
        await application.StartAsync();
        return application;
    }

    /// <summary>A pod as a ReplicaSet makes it: defaults filled in, a mounted token, managed fields.</summary>
    private static JsonObject Review() => new()
    {
        ["apiVersion"] = "admission.k8s.io/v1",
        ["kind"] = "AdmissionReview",
        ["request"] = new JsonObject
        {
            ["uid"] = "4e2a3a35-4f40-4f5c-9d4b-8e5f7d1c2a11",
            ["kind"] = new JsonObject { ["group"] = "", ["version"] = "v1", ["kind"] = "Pod" },
            ["namespace"] = "shop",
            ["operation"] = "CREATE",
            ["object"] =
                JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Admission", "pod.json"))),
        },
    };
}
