using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>The threat model names every right, every annotation and label of ours, and tests that exist.</summary>
public sealed partial class ThreatModelTests
{
    private const string Page = "docs/threat-model.md";

    [Fact]
    public void EveryRight_HasARow()
    {
        var rows = Section("## Rights of the operator").Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[1]).ToList();
        Expect.None(RightsTests.Given().Where(right => !rows.Any(row => Grants(row, right)))
            .Select(right => $"{Page} has no row for {right}"));
    }

    [Fact]
    public void EveryAnnotationAndLabel_HasARow()
    {
        var section = Section("## Annotations and labels");
        Expect.None(Names().Where(name => !section.Contains($"`wafoperator.dev/{name}`", StringComparison.Ordinal))
            .Select(name => $"{Page} has no row for wafoperator.dev/{name}"));
    }

    [Fact]
    public void EveryTest_OfThePage_Exists()
    {
        var known = Repository.Trees.Where(tree => tree.Key.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(tree => tree.Value.DescendantNodes().OfType<MethodDeclarationSyntax>())
            .Select(method => method.Identifier.Text).ToHashSet();
        var named = Test().Matches(Repository.Read(Page)).Select(match => match.Groups[1].Value).ToList();
        Assert.True(named.Count > 20, "the page names no tests");
        Expect.None(named.Where(name => !known.Contains(name)).Select(name => $"{Page} names no test: {name}"));
    }

    [Fact]
    public void ConfigMaps_ArePatchedByNameOnly()
    {
        var rules = Repository.Read("charts/waf-operator/templates/rbac.yaml").Split("- apiGroups:")
            .Where(rule => rule.Contains("configmaps", StringComparison.Ordinal)
                && PatchVerb().IsMatch(rule)).ToList();
        Assert.All(rules, rule => Assert.Contains(
            "resourceNames: [waf-operator-ca, waf-rejected-models]", rule, StringComparison.Ordinal));
        Assert.Single(rules);
    }

    [Fact]
    public void Secrets_OfTheOperator_AreReadByNameOnly()
    {
        var rules = Repository.Read("charts/waf-operator/templates/rbac.yaml").Split("# For people", 2)[0]
            .Split("kind: Role\n")[1].Split("- apiGroups:")
            .Where(rule => rule.Contains("resources: [secrets]", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, rules.Count);
        Assert.All(rules, rule => Assert.True(
            rule.Contains("resourceNames: [waf-operator-", StringComparison.Ordinal)
            || rule.Contains("verbs: [create]", StringComparison.Ordinal), rule));
    }

    [Fact]
    public void TheAdmissionPolicy_HoldsTheOperatorToWhatItMakes()
    {
        var policy = Repository.Read("charts/waf-operator/templates/admission-policy.yaml");
        Expect.None(new[]
        {
            "hostNetwork", "hostPID", "hostIPC", "privileged", "allowPrivilegeEscalation", "runAsNonRoot",
            "automountServiceAccountToken", "ownerReferences", "waf-operator-ca", "waf-rejected-models", "ClusterIP",
            "initContainers", "secretKeyRef", "envFrom", "hostPort", "capabilities.add", "runAsUser == 0",
            "serviceAccountName == 'default'", "has(s.secret)", "audience == 'waf-operator'",
            "resources: [deployments]", "resources: [jobs]", "resources: [configmaps, services]",
        }.Where(word => !policy.Contains(word, StringComparison.Ordinal)));
        // What is said of containers is said of init containers, too.
        Assert.DoesNotContain("variables.pod.containers.all", policy, StringComparison.Ordinal);
    }

    private static bool Grants(string row, string right)
    {
        var (resource, verb) = (right.Split(": ")[0], right.Split(": ")[1]);
        return row.Split(';').Any(part =>
        {
            var colon = part.LastIndexOf(": ", StringComparison.Ordinal);
            return colon > 0 && part[..colon].Split(',', StringSplitOptions.TrimEntries).Contains(resource)
                && Word().Matches(part[colon..]).Any(word => word.Value == verb);
        });
    }

    /// <summary>What our code writes or reads with our prefix, and what the charts do.</summary>
    private static HashSet<string> Names() =>
    [
        .. Repository.Sources.Where(file => file.StartsWith("operator/", StringComparison.Ordinal))
            .SelectMany(file => Constant().Matches(Repository.Read(file)).Select(match => match.Groups[1].Value)),
        "injection", "control-plane",
    ];

    private static string Section(string title)
    {
        var page = Repository.Read(Page);
        var start = page.IndexOf(title, StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Page} has no section {title}");
        var end = page.IndexOf("\n## ", start + title.Length, StringComparison.Ordinal);
        return end < 0 ? page[start..] : page[start..end];
    }

    [GeneratedRegex("""(?:ApiGroup\.Name \+ "|"wafoperator\.dev)/([a-z][a-z-]+)""")]
    private static partial Regex Constant();

    [GeneratedRegex(@"`([A-Za-z]+_[A-Za-z_]+)`")]
    private static partial Regex Test();

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"verbs: \[[^\]]*patch")]
    private static partial Regex PatchVerb();
}
