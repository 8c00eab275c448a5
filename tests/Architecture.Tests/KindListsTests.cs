using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// A kind has to be named in several places that know nothing of each other. Forgotten in one of them, it would be
/// served and never validated, or installed from one chart and not from the other.
/// </summary>
public sealed partial class KindListsTests
{
    /// <summary>Plural names, as the manifests under crds/ have them.</summary>
    private static readonly IReadOnlyList<string> Plurals =
    [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "crds"), "*.yaml")
            .Select(file => Plural().Match(File.ReadAllText(file))).Where(match => match.Success)
            .Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void TheValidatingWebhook_SeesEveryKind()
    {
        var named = WebhookResources().Match(Repository.Read("charts/waf-operator/templates/webhooks.yaml"));

        Assert.NotEmpty(Plurals);
        Assert.Equal(Plurals, Names(named.Groups[1].Value));
    }

    /// <summary>The operator does, or the console: sinks are its own.</summary>
    [Fact]
    public void EveryKind_IsReadBySomebody() => Assert.Equal(
        Plurals,
        new[] { "operator/Controllers/ControllerKinds.cs", "operator/Console/Access/ClusterObjects.cs" }
            .SelectMany(file => Repository.Trees[file].DescendantNodes())
            .OfType<InvocationExpressionSyntax>().Where(call => call.Expression.ToString() == "Ours")
            .Select(call => call.ArgumentList.Arguments[0].Expression.ToString().Trim('"'))
            .Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void TheChartOfKinds_HasEveryManifest() => Assert.Equal(
        Names(Directory.GetFiles(Path.Combine(Repository.Root, "crds"), "*.yaml")),
        Names(Directory.GetFiles(Path.Combine(Repository.Root, "charts/waf-crds/files"), "*.yaml")));

    /// <summary>Reasons of decisions: what sidecars say, and what is counted and kept by its name.</summary>
    [Fact]
    public void TheReasonsOfEvents_AreThoseOfDecisions() => Assert.Equal(
        Repository.Trees["sidecar/Proxy/Decisions/Decision.cs"].DescendantNodes().OfType<EnumDeclarationSyntax>()
            .Single(type => type.Identifier.Text == "DecisionReason").Members.Select(member => member.Identifier.Text)
            .Order(StringComparer.Ordinal),
        Repository.Trees["crds/Protocols/Events/EventReasons.cs"].DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Single(call => call.Expression.ToString() == "FrozenSet.Create").ArgumentList.Arguments.Skip(1)
            .Select(argument => argument.Expression.ToString().Trim('"')).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Names(IEnumerable<string> files) =>
        files.Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Names(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\s+plural: (\S+)", RegexOptions.Multiline)]
    private static partial Regex Plural();

    [GeneratedRegex(@"apiGroups: \[wafoperator\.dev\][^\[]*\[[^\]]*\][^\[]*\[[^\]]*\]\s*resources: \[([^\]]*)\]")]
    private static partial Regex WebhookResources();
}
