using WafOperator.Policies.Files;
using WafOperator.Protocols.Policies;

namespace WafOperator.Policies.Tests;

public sealed class PolicyFileTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 5, 0, 0, TimeSpan.Zero);

    private const string Shop = """
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: {name: shop}
        spec:
          mode: Enforce
          targetRefs: [{kind: Deployment, name: shop}]
          rules: {paranoia: 2, disabledRules: ["942100"]}
          ml:
            models: [{model: gate}, {model: payload-cnn}]
        ---
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafExclusion
        metadata: {name: search-box}
        spec:
          policy: shop
          match: {path: /search, methods: [GET], part: Parameter, name: q}
          rules: ["942000-942999"]
          reason: people search for SQL
        ---
        apiVersion: wafoperator.dev/v1alpha1
        kind: ModelVersion
        metadata: {name: gate-1}
        spec:
          model: gate
          version: 1.0.0
          artifact:
            uri: builtin://gate
            digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"
        """;

    [Fact]
    public void Load_APolicyWithItsExclusionAndModel_GivesADocument()
    {
        var result = PolicyFile.Load(Shop, Now);

        Assert.Empty(result.Errors);
        var document = result.Document!;
        Assert.Equal(InspectionMode.Enforce, document.Mode);
        Assert.Equal(["policy/settings", "policy/exclusions", "owasp-crs", "policy/disabledRules"],
            document.Rules!.Sources.Select(source => source.Name));
        Assert.Contains("ctl:ruleRemoveTargetById=942000-942999;ARGS:q", document.Rules.Sources[1].Text,
            StringComparison.Ordinal);
        Assert.Equal("gate", document.Ml!.Models[0].Baseline!.BuiltinName);
        Assert.Null(document.Ml.Models[1].Baseline);
        Assert.Contains(result.Warnings, warning => warning.Contains("payload-cnn", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_TheSameTextTwice_GivesTheSameRevision() =>
        Assert.Equal(PolicyFile.Load(Shop, Now).Document!.Revision, PolicyFile.Load(Shop, Now).Document!.Revision);

    [Theory]
    [InlineData("mode: Enforce", "mode: Off",
        "line 5: spec.mode: must be one of Off, Detect, Enforce, not the boolean false: YAML reads a bare Off as "
        + "false, write \"Off\" in quotes")]
    [InlineData("paranoia: 2", "paranoja: 2", "line 7: spec.rules.paranoja: unknown field; did you mean paranoia?")]
    [InlineData("paranoia: 2", "paranoia: 9", "line 7: spec.rules.paranoia: 9 is not between 1 and 4")]
    [InlineData("kind: WafPolicy", "kind: WafPolicie",
        "line 2: kind: \"WafPolicie\" is not a kind of wafoperator.dev; did you mean WafPolicy?")]
    [InlineData("  mode: Enforce", "  mode: Enforce\n  mode: Detect",
        "line 6: the key mode stands twice (first in line 5)")]
    [InlineData("kind: Deployment", "kind: Deployment, group: \"\"",
        "line 6: spec.targetRefs[0]: group must be empty for a Service and a Pod, batch for a Job and a CronJob, "
        + "and apps for the others (or left out)")]
    [InlineData("  mode: Enforce", "  mode: [", "line")]
    public void Load_SomethingWrong_SaysWhereAndWhat(string right, string wrong, string message)
    {
        var result = PolicyFile.Load(Shop.Replace(right, wrong, StringComparison.Ordinal), Now);

        Assert.Null(result.Document);
        Assert.Contains(result.Errors, error => error.StartsWith(message, StringComparison.Ordinal));
    }
}
