using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Admin;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Telemetry;

public sealed partial class AdminTests
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

    /// <summary>What a scraper gets is what the list promises: nothing missing, nothing renamed.</summary>
    [Fact]
    public async Task Metrics_NamesAndTypes_AreThoseOfTheList()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Detect));
        using var client = sidecar.Client();
        (await client.GetAsync("/")).Dispose();

        var lines = (await TextAsync(sidecar, "/metrics")).Split('\n');
        var list = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "metrics.txt"))
            .Select(line => line.Split(' ')).Where(words => words[0] is "sidecar" or "every").ToList();

        Assert.Equal(
            list.Select(words => $"# TYPE {words[2].Split('{')[0]} {words[1]}").Order(StringComparer.Ordinal),
            lines.Where(line => line.StartsWith("# TYPE waf_", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
        var labels = list.Select(words => words[2].TrimEnd('}').Split('{')).ToDictionary(
            parts => parts[0], parts => parts[1], StringComparer.Ordinal);
        Assert.All(lines.Where(line => line.StartsWith("waf_", StringComparison.Ordinal)
            && !line.Contains("le=\"", StringComparison.Ordinal)), line =>
        {
            var name = line.Split('{', ' ')[0];
            var expected = labels.GetValueOrDefault(name) ?? labels[name[..name.LastIndexOf('_')]];
            Assert.Equal(expected, string.Join(',', LabelNames().Matches(line).Select(match => match.Groups[1].Value)));
        });
    }

    [GeneratedRegex("[{,]([a-z]+)=\"")]
    private static partial Regex LabelNames();

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

    [Theory]
    [InlineData("/healthz", "10.0.0.9", null, 200)]
    [InlineData("/readyz", "10.0.0.9", null, 200)]
    [InlineData("/metrics", "10.0.0.9", null, 403)]
    [InlineData("/metrics", "10.0.0.9", "Bearer wrong", 403)]
    [InlineData("/metrics", "10.0.0.9", "Bearer scrape", 200)]
    [InlineData("/metrics", "127.0.0.1", null, 200)]
    [InlineData("/status", "10.0.0.9", null, 403)]
    [InlineData("/status", "10.0.0.9", "Bearer scrape", 403)]
    [InlineData("/status", "127.0.0.1", null, 200)]
    [InlineData("/status", "::1", null, 200)]
    public void Pages_ByAudience(string path, string peer, string? authorization, int expected)
    {
        var page = new Func<AdminPage>(() => AdminPage.Text(200, "fine"));
        var pages = new AdminPages(
            new Dictionary<string, AdminEntry>
            {
                ["/healthz"] = new(AdminAudience.Anyone, page), ["/readyz"] = new(AdminAudience.Anyone, page),
                ["/metrics"] = new(AdminAudience.Scraper, page), ["/status"] = new(AdminAudience.Pod, page),
            },
            MetricsAccess.TryParse("sha256:" + Convert.ToHexStringLower(SHA256.HashData("scrape"u8)))!);

        Assert.Equal(expected, pages.Answer("GET", path, authorization, IPAddress.Parse(peer)).Status);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("open", true)]
    [InlineData("closed", false)]
    [InlineData("sha256:12", false)]
    [InlineData("sha256:ZZ", false)]
    public void MetricsAccess_Reads(string? text, bool isGood) =>
        Assert.Equal(isGood, MetricsAccess.TryParse(text) is not null);

    [Fact]
    public async Task ProbesAreAnswered_WhateverOtherPeersHoldOpen()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off), new ProxyLimits
            {
                AdminConnectionsMax = 32, AdminConnectionsPerPeerMax = 4, AdminIdleMax = TimeSpan.FromSeconds(5),
            });
        var admin = new IPEndPoint(IPAddress.Loopback, sidecar.Admin.Port);
        using var idle = new ManyClients();
        using var half = new ManyClients();

        await idle.OpenAsync(admin, 700, "", addresses: 700);
        await half.OpenAsync(admin, 300, "GET /heal", addresses: 3);
        for (var probe = 0; probe < 5; probe++)
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            Assert.Equal("ok\n", await client.GetStringAsync(new Uri(sidecar.Admin, "/healthz")));
        }

        await Task.Delay(TimeSpan.FromSeconds(7));
        Assert.Equal((0, 0), (idle.Open, half.Open));
    }

    private static async Task<string> TextAsync(TestSidecar sidecar, string path)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(sidecar.Admin, path));
    }
}
