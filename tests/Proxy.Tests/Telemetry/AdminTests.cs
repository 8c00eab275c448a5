using System.Net;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Telemetry;

public sealed class AdminTests
{
    [Fact]
    public async Task Metrics_AfterTraffic_TellVerdictsRulesAndTimes()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(
                InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:77,phase:2,deny\""));
        using var client = sidecar.Client();
        for (var i = 0; i < 3; i++) (await client.GetAsync("/")).Dispose();
        (await client.GetAsync("/?q=attack")).Dispose();

        var lines = (await TextAsync(sidecar, "/metrics")).Split('\n');

        Assert.Contains("waf_requests_total{verdict=\"Allow\",reason=\"None\"} 3", lines);
        Assert.Contains("waf_requests_total{verdict=\"Block\",reason=\"Rules\"} 1", lines);
        Assert.Contains("waf_rule_matches_total{rule=\"77\"} 1", lines);
        Assert.Contains("waf_inspection_seconds_count 4", lines);
        Assert.Contains("waf_ready 1", lines);
        Assert.Contains(
            lines, line => line.StartsWith("waf_policy_info{policy=\"main\",revision=\"", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("dotnet_process_memory_working_set ", StringComparison.Ordinal));
        Assert.All(lines.Where(line => line.Length > 0 && line[0] != '#'), line => Assert.Matches(
            "^[a-z_]+(\\{.*\\})? [0-9eE.+-]+$", line));
    }

    [Fact]
    public async Task Status_IsTheContract()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Detect));
        using var client = sidecar.Client();
        (await client.GetAsync("/")).Dispose();

        var status = JsonSerializer.Deserialize(await TextAsync(sidecar, "/status"), ProtocolJson.Default.SidecarStatus)!;

        Assert.Equal(SidecarStatus.FormatVersion, status.Format);
        Assert.Equal(("shop", "main", "Detect", "File", "test"), (status.Namespace, status.Policy, status.Mode, status.Source, status.Version));
        Assert.Equal((1, 1, 0), (status.Requests.Total, status.Requests.Allowed, status.Requests.Blocked));
        Assert.Matches("^[0-9a-f]{64}$", status.Revision);
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/version", HttpStatusCode.OK)]
    [InlineData("/", HttpStatusCode.NotFound)]
    [InlineData("/debug", HttpStatusCode.NotFound)]
    public async Task Pages(string path, HttpStatusCode expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        using var client = new HttpClient();

        Assert.Equal(expected, (await client.GetAsync(new Uri(sidecar.Admin, path))).StatusCode);
        Assert.Equal(
            HttpStatusCode.MethodNotAllowed, (await client.PostAsync(new Uri(sidecar.Admin, path), null)).StatusCode);
    }

    private static async Task<string> TextAsync(TestSidecar sidecar, string path)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(sidecar.Admin, path));
    }
}
