using System.Text.Json.Nodes;
using WafOperator.Cli.Analysis;

namespace WafOperator.Cli.Tests.Analysis;

public sealed class AnalyzeTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static string Policy(string spec = "", string name = "shop") => $$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: {name: {{name}}, namespace: web}
        spec:
          targetRefs: [{kind: Deployment, name: shop}]
          mode: Enforce
        {{spec}}

        """;

    private static string Exclusion(string rules = "'942100'", string match = "{path: /a, part: Parameter, name: q}") =>
        $$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafExclusion
        metadata: {name: search, namespace: web}
        spec: {policy: shop, rules: [{{rules}}], reason: test, expiresAt: "2026-12-01T00:00:00Z", match: {{match}}}

        """;

    public static TheoryData<string, string, string> Faults => new()
    {
        { Policy("  bodyy: {}"), "schema", "body" },
        { Policy("  rules: {inline: \"SecRule ARGS \\\"@nosuch x\\\" \\\"id:1,phase:2,deny\\\"\"}"), "compile",
            "nosuch" },
        { Policy("  rules: {inline: \"SecAction \\\"id:90000001,phase:1,pass\\\"\"}"), "compile", "reserved" },
        { Policy("  routes: [{pathPrefix: /, mode: 'Off'}]"), "route-off", "/" },
        { Policy("  accessLists: {bypassClients: [0.0.0.0/0]}"), "bypass-everybody", "0.0.0.0/0" },
        { Policy("  clientIdentity: {trustedProxies: ['::/0']}"), "trusts-everybody", "::/0" },
        { Policy("  failureModes: {uninspected: Record}"), "uninspected-passes", "Record" },
        { Policy("  body: {mode: HeadersOnly}"), "bodies-unseen", "HeadersOnly" },
        { Policy("  body: {overLimit: ProcessPartial}"), "body-rest-unseen", "1Mi" },
        { Policy("  rules: {sets: []}"), "no-engine", "neither" },
        { Policy("  rules: {paranoia: 4}"), "paranoia-untuned", "4" },
        { Policy("  rules: {configMapTrust: Full, configMaps: [mine]}"), "rule-files-trusted", "Full" },
        { Policy("  rateLimits: [{name: a, requests: 5}]"), "no-trusted-proxy", "ingress" },
        { Policy() + "---\n" + Policy(name: "z-second"), "conflict", "z-second" },
        { Policy() + "---\n" + Exclusion("'1-999999'"), "compile", "WafExclusion/search" },
        { Exclusion(), "policy-elsewhere", "shop" },
        { Policy() + "---\n" + Exclusion(match: "{path: '/*', part: Parameter, name: q}"), "all-paths", "every path" },
        { Policy() + "---\n" + Exclusion(match: "{path: /a}"), "all-parts", "no part" },
        { "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "nothing", "1 objects of other kinds" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void AFault_IsNamedWithItsCode(string text, string code, string word)
    {
        var findings = FileAnalysis.Of([new SourceText("p.yaml", text)], Now);
        Assert.Contains(findings, f => f.Code == code && f.Message.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void AGoodPolicyWithItsExclusionInAnotherFile_HasNothing() => Assert.Empty(FileAnalysis.Of(
        [new SourceText("p.yaml", Policy()), new SourceText("x.yaml", Exclusion())], Now));

    [Fact]
    public void FindingsHaveTheLineOfTheirPlace()
    {
        var findings = FileAnalysis.Of([new SourceText("p.yaml", Policy("  bodyy: {}"))], Now);
        Assert.Equal(7, findings.First(f => f.Code == "schema").Line);
    }

    [Fact]
    public void RuleFiles_AreParsed_AndWhatTheyMissOfOthersIsLeftAlone()
    {
        var findings = FileAnalysis.Of(
            [new SourceText("rules.conf",
                "SecRuleRemoveById 942100\n\nSecRule ARGS \"@rxx a\" \"id:1,phase:2,deny\"\n")],
            Now);
        var finding = Assert.Single(findings);
        Assert.Equal((3, AnalysisSeverity.Error, "rules"), (finding.Line, finding.Severity, finding.Code));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("  rules: {sets: []}", 0)]
    [InlineData("  bodyy: {}", 1)]
    public async Task TheExitCode_IsForErrors(string spec, int code) =>
        Assert.Equal(code, (await CliRun.WithInput(Policy(spec), "analyze", "-f", "-")).Code);

    [Fact]
    public async Task Strict_TakesWarningsAsErrors() =>
        Assert.Equal(1, (await CliRun.WithInput(Policy("  rules: {sets: []}"), "analyze", "-f", "-", "--strict")).Code);

    [Fact]
    public async Task JsonAndYaml_SayTheSame()
    {
        var json = await CliRun.WithInput(Policy("  bodyy: {}"), "analyze", "-f", "-", "-o", "json");
        var yaml = await CliRun.WithInput(Policy("  bodyy: {}"), "analyze", "-f", "-", "-o", "yaml");
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(json.Out), WafOperator.Resources.Schema.YamlText.Read(yaml.Out)));
    }

    [Fact]
    public async Task AFileThatIsNotThere_IsSaid()
    {
        var run = await CliRun.Of("analyze", "-f", "/nowhere.yaml");
        Assert.Equal((3, "error: there is no file /nowhere.yaml\n"), (run.Code, run.Error));
    }

    /// <summary>Texts of strangers must not move the cursor of whoever reads the output.</summary>
    [Fact]
    public async Task ControlCharactersOfAFile_DoNotReachTheTerminal()
    {
        var run = await CliRun.WithInput(Policy("  \"a\\u001b[2J\": 1"), "analyze", "-f", "-");
        Assert.Equal(1, run.Code);
        Assert.DoesNotContain('\u001b', run.Out);
    }
}
