using System.Text.Json.Nodes;

namespace WafOperator.Cli.Tests.Replaying;

/// <summary>Through the sidecar itself, with the real Core Rule Set.</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-replay-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Policy(string mode = "Enforce", string more = "")
    {
        var file = Path.Combine(_folder, $"policy-{Guid.NewGuid():n}.yaml");
        File.WriteAllText(file, $$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: shop, namespace: web}
            spec:
              mode: {{mode}}
            {{more}}
            """);
        return file;
    }

    private const string Requests = """
        {"uri":"/?q=green+tea","headers":{"Host":"shop","User-Agent":"x"},"label":0}
        {"uri":"/?q=1'+UNION+SELECT+password+FROM+users--","headers":{"Host":"shop","User-Agent":"x"},"label":1}
        {"method":"POST","uri":"/c","headers":{"Host":"shop","User-Agent":"x",FORM},"body":"t=ATTACK","label":1}
        """;

    private static readonly string Lines = Requests
        .Replace("FORM", "\"Content-Type\":\"application/x-www-form-urlencoded\"", StringComparison.Ordinal)
        .Replace("ATTACK", "<script>alert(1)</script>", StringComparison.Ordinal);

    [Theory]
    [InlineData("Enforce")]
    [InlineData("Detect")]
    public async Task Attacks_AreFound_WhateverTheModeIs(string mode)
    {
        var run = await CliRun.WithInput(Lines, "replay", "-", "-f", Policy(mode), "-o", "json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var report = JsonNode.Parse(run.Out)!;
        Assert.Equal((3, 2), (report["requests"]!.GetValue<int>(), report["blocked"]!.GetValue<int>()));
        Assert.Equal(2, report["labelledAttacks"]!["blocked"]!.GetValue<int>());
        Assert.Equal(0, report["labelledHarmless"]!["blocked"]!.GetValue<int>());
        Assert.Equal("/c", report["shown"]![1]!["target"]!.GetValue<string>());
        Assert.Contains(report["rules"]!.AsArray(), rule => rule!["id"]!.GetValue<long>() == 942100);
        // Rules that only add up scores found nothing themselves.
        Assert.DoesNotContain(report["rules"]!.AsArray(), rule => rule!["id"]!.GetValue<long>() is 949110 or 980130);
    }

    /// <summary>Each is decided for itself, whatever came before it.</summary>
    [Fact]
    public async Task RequestsThatServersCannotRead_AreRefused_AndDisturbNoOther()
    {
        var run = await CliRun.WithInput(
            """
            {"method":"G{T","uri":"/a","headers":{"Host":"shop"}}
            {"uri":"/?q=green+tea","headers":{"Host":"shop","User-Agent":"x"}}
            {"uri":"/b","headers":{"Host":"shop","a b":"c"}}
            {"uri":"/?q=1'+UNION+SELECT+password+FROM+users--","headers":{"Host":"shop","User-Agent":"x"}}
            """, "replay", "-", "-f", Policy(), "-o", "json");
        var report = JsonNode.Parse(run.Out)!;
        Assert.Equal([1, 3, 4], report["shown"]!.AsArray().Select(shown => shown!["line"]!.GetValue<int>()));
        Assert.Equal("Rules", report["shown"]![2]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task FailOnBlock_IsForCi() =>
        Assert.Equal(1, (await CliRun.WithInput(Lines, "replay", "-", "-f", Policy(), "--fail-on-block")).Code);

    [Fact]
    public async Task ModeOff_BlocksNothing()
    {
        var run = await CliRun.WithInput(Lines, "replay", "-", "-f", Policy("'Off'"), "-o", "json");
        Assert.Equal(0, JsonNode.Parse(run.Out)!["blocked"]!.GetValue<int>());
        Assert.Equal(3, JsonNode.Parse(run.Out)!["notInspectedWhole"]!.GetValue<int>());
    }

    [Fact]
    public async Task TheRecordedClient_IsWhoIsJudged()
    {
        const string line = """
            192.0.2.9 - - [01/Jun/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.0"
            """;
        var run = await CliRun.WithInput(
            line, "replay", "-", "-f", Policy(more: "  accessLists: {denyClients: [192.0.2.0/24]}"), "-o", "json");
        Assert.Equal("AccessList", JsonNode.Parse(run.Out)!["shown"]![0]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task APolicyThatCannotBeUsed_IsNamed()
    {
        var run = await CliRun.WithInput(Lines, "replay", "-", "-f", Policy(more: "  bodyy: {}"));
        Assert.Equal(1, run.Code);
        Assert.Contains("kubectl waf analyze", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RulesThatAreNotThere_AreNamed()
    {
        var run = await CliRun.WithInput(Lines, "replay", "-", "-f", Policy(), "--rules", _folder);
        Assert.Equal(1, run.Code);
        Assert.Contains("--rules", run.Error, StringComparison.Ordinal);
    }
}
