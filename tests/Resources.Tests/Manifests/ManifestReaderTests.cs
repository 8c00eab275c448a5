using WafOperator.Resources.Manifests;
using WafOperator.Resources.Policies;

namespace WafOperator.Resources.Tests.Manifests;

public sealed class ManifestReaderTests
{
    private const string Head = "apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: {name: shop}\n";

    [Fact]
    public void Read_SeveralDocuments_GivesOursAndCountsTheRest()
    {
        var result =
            ManifestReader.Read($"# a comment\n---\n{Head}spec: {{mode: Enforce}}\n---\napiVersion: v1\nkind: "
            + $"Service\nmetadata: {{name: x}}\nspec: {{what: ever}}\n---\n---\n");

        Assert.Empty(result.Errors);
        Assert.Equal(1, result.Foreign);
        var found = Assert.Single(result.Objects);
        Assert.Equal(PolicyMode.Enforce, Assert.IsType<WafPolicy>(found.Resource).Spec.Mode);
        Assert.Equal(3, found.Line);
    }

    [Fact]
    public void Read_WhatKubectlPrints_IsRead()
    {
        var result = ManifestReader.Read("""
            apiVersion: v1
            kind: List
            items:
            - apiVersion: wafoperator.dev/v1alpha1
              kind: WafPolicy
              metadata: {name: shop, generation: 3, resourceVersion: "7", managedFields: [{manager: kubectl}], creationTimestamp: "2026-11-22T05:00:00Z"}
              spec: {mode: "Off"}
              status: {observedGeneration: 3, coverage: {matched: 2}}
            """);
        Assert.Empty(result.Errors);
        Assert.Equal(3, Assert.Single(result.Objects).Resource.Metadata.Generation);
    }

    [Fact]
    public void Read_FieldsThatAreAbsentOrNull_KeepTheirDefaults()
    {
        var policy =
            (WafPolicy)Assert.Single(
                ManifestReader.Read(Head + "spec: {rules: {paranoia: null}, targetRefs: null, ml: {}}\n").Objects)
                    .Resource;
        Assert.Equal(PolicyMode.Detect, policy.Spec.Mode);
        Assert.Equal(["owasp-crs"], policy.Spec.Rules!.Sets);
        Assert.Equal(1, policy.Spec.Rules.Paranoia);
        Assert.Empty(policy.Spec.TargetRefs);
        Assert.Equal("5ms", policy.Spec.Ml!.LatencyBudget);
    }

    [Theory]
    [InlineData("spec:\n  rulez: {}\n", 5, 3, "spec.rulez", "unknown field; did you mean rules?")]
    [InlineData("spec:\n  rules:\n    paranoia: one\n", 6, 5, "spec.rules.paranoia",
        "must be a whole number, not the string \"one\"")]
    [InlineData("spec:\n  rules:\n    paranoia: 1.5\n", 6, 5, "spec.rules.paranoia",
        "must be a whole number, not the number 1.5")]
    [InlineData("spec:\n  ml: {thresholds: {high: 0.7}}\n", 5, 21, "spec.ml.thresholds.high",
        "must be a string, not the number 0.7: write \"0.7\" in quotes")]
    [InlineData("spec:\n  mode: off\n", 5, 3, "spec.mode",
        "must be one of Off, Detect, Enforce, not the boolean false: YAML reads a bare Off as false, write \"Off\" "
        + "in quotes")]
    [InlineData("spec:\n  targetRefs:\n  - kind: Deploymnt\n    name: x\n", 6, 5, "spec.targetRefs[0].kind",
        "\"Deploymnt\" is not one of Deployment, StatefulSet, Service, DaemonSet, ReplicaSet, Job, CronJob, Pod; "
        + "did you mean Deployment?")]
    [InlineData("spec:\n  rateLimits:\n  - requests: 5\n", 6, 5, "spec.rateLimits[0].name",
        "is required: name, for metrics and events")]
    [InlineData("spec: []\n", 4, 1, "spec", "must be an object, not a list")]
    [InlineData("", 1, 1, "spec", "is required: desired state")]
    [InlineData("spec: {a: {b: 1}, a: 2}\n", 4, 19, "", "the key a stands twice (first in line 4)")]
    [InlineData("spec: {mode: *x}\n", 4, 14, "", "the alias *x names no anchor before it")]
    [InlineData("spec: {<<: {mode: Enforce}}\n", 4, 8, "", "merge keys (<<) are not supported: write the fields out")]
    [InlineData("spec: {mode: !secret x}\n", 4, 14, "", "the tag !secret is not supported")]
    [InlineData("spec: {rules: {paranoia: .inf}}\n", 4, 26, "", ".inf is not a number in JSON")]
    [InlineData("spec: {? [a] : b}\n", 4, 10, "", "keys must be plain names")]
    public void Read_SomethingWrong_SaysLineColumnPathAndWhat(string spec, int line, int column, string path,
        string message)
    {
        var result = ManifestReader.Read(Head + spec);
        Assert.Contains(new ManifestFinding(line, column, path, message), result.Errors);
        Assert.Empty(result.Objects);
    }

    [Theory]
    [InlineData("apiVersion: wafoperator.dev/v1\nkind: WafPolicy\nmetadata: {name: x}\nspec: {}\n", "apiVersion",
        "must be wafoperator.dev/v1alpha1 for a WafPolicy")]
    [InlineData("apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolcy\n", "kind",
        "\"WafPolcy\" is not a kind of wafoperator.dev; did you mean WafPolicy?")]
    [InlineData("kind: WafPolicy\nmetadata: {name: x}\nspec: {}\n", "apiVersion",
        "must be wafoperator.dev/v1alpha1 for a WafPolicy")]
    [InlineData("just text\n", "", "is not a manifest: apiVersion and kind are missing")]
    [InlineData("apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n", "metadata.name", "is required")]
    [InlineData("apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: {name: [1]}\nspec: {}\n",
        "metadata.name", "has the wrong type")]
    public void Read_AWrongIdentity_IsAnError(string text, string path, string message)
    {
        var result = ManifestReader.Read(text);
        Assert.Contains(result.Errors, error => error.Path == path && error.Message == message);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("a: b: c")]
    [InlineData("\t- x")]
    [InlineData("'")]
    [InlineData("- [\n\0")]
    [InlineData("%YAML 9.9\n---\na: b")]
    [InlineData("a: \"\\xZZ\"")]
    [InlineData("&a [*a]")]
    public void Read_BrokenYaml_IsAnErrorAndNotAnException(string text) =>
    Assert.NotEmpty(ManifestReader.Read(text).Errors);

    [Fact]
    public void Read_BillionLaughs_IsRefusedByTheExpandedSize()
    {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i =>
            $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("values (aliases expanded)", Assert.Single(ManifestReader.Read(text).Errors).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TooDeepTooLongOrTooMany_IsRefused()
    {
        var limits = new ManifestLimits();
        Assert.Contains("nested deeper", Single(new string('[', limits.DepthMax + 2)), StringComparison.Ordinal);
        Assert.Contains("characters", Single(new string('#', limits.TextLengthMax + 1)), StringComparison.Ordinal);
        Assert.Contains("documents", Single(string.Concat(Enumerable.Repeat("---\na: b\n", limits.DocumentsMax + 1))),
            StringComparison.Ordinal);

        static string Single(string text) => Assert.Single(ManifestReader.Read(text).Errors).Message;
    }

    /// <summary>Plain scalars mean what kubectl's library makes of them (YAML 1.1).</summary>
    [Theory]
    [InlineData("0644", "420")]
    [InlineData("0o17", "15")]
    [InlineData("0x1F", "31")]
    [InlineData("1_000", "1000")]
    [InlineData("-7", "-7")]
    [InlineData("+7", "7")]
    [InlineData("1e3", "1000")]
    [InlineData("yes", "true")]
    [InlineData("No", "false")]
    [InlineData("~", "null")]
    [InlineData("2026-11-22", "\"2026-11-22\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("\"Off\"", "\"Off\"")]
    [InlineData("!!str 12", "\"12\"")]
    [InlineData("08", "8")]
    public void Scalars_AreResolvedAsKubectlDoes(string yaml, string json)
    {
        var node = new YamlReader($"a: {yaml}\n", new ManifestLimits()).ReadAll().Single().Root!["a"];
        Assert.Equal(json, node?.ToJsonString() ?? "null");
    }
}
