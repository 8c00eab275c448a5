using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace WafOperator.Architecture.Tests;

/// <summary>Pages rot quietly: an identifier in backticks in a README or a page about the code must exist.</summary>
public sealed partial class ReadmeTests
{
    private static readonly Lazy<HashSet<string>> Known = new(() =>
    [
        .. Repository.Trees.Values.AsParallel().SelectMany(tree => tree.DescendantTokens()
            .Where(token => token.IsKind(SyntaxKind.IdentifierToken) || token.IsKind(SyntaxKind.StringLiteralToken))
            .Select(token => token.ValueText)),
        .. Repository.Files.Where(file => file.EndsWith(".py", StringComparison.Ordinal))
            .SelectMany(file => Word().Matches(Repository.Read(file)).Select(match => match.Value)),
    ]);

    public static TheoryData<string> Pages =>
        [.. Repository.Files.Where(file => Path.GetFileName(file) == "README.md").Concat(PagesAboutCode)];

    private static readonly string[] PagesAboutCode = ["docs/architecture.md", "docs/changing.md", "docs/words.md"];

    [Theory, MemberData(nameof(Pages))]
    public void EveryIdentifierInBackticks_Exists(string page)
    {
        // What kubectl, YAML and models name in Pascal case is a word of theirs or stands in the manifests.
        var words =
            string.Concat(Directory.GetFiles(Path.Combine(Repository.Root, "crds"), "*.yaml").Select(File.ReadAllText));
        var missing = Code().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)
            .SelectMany(code => code.Split('.'))
            .Where(word => !Known.Value.Contains(word) && !Regex.IsMatch(words, $@"\b{word}\b")
                && !KubernetesKinds.Contains(word));
        Expect.None(missing.Distinct());
    }

    private static readonly HashSet<string> KubernetesKinds = new(StringComparer.Ordinal)
    {
        "ConfigMap", "Secret", "Deployment", "StatefulSet", "ReplicaSet", "Job", "Service", "NetworkPolicy",
        "TokenReview", "Lease", "Endpoints",
        "PersistentVolumeClaim", "ServiceMonitor", "PodMonitor", "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
        "Gateway",
        "HorizontalPodAutoscaler", "PodDisruptionBudget", "PrometheusRule", "AdmissionReview",
    };

    [GeneratedRegex("[A-Za-z][A-Za-z0-9]+")]
    private static partial Regex Word();

    /// <summary>A Pascal-case name of at least two words, perhaps with members.</summary>
    [GeneratedRegex(@"`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+(?:\.[A-Z][A-Za-z0-9]*)*)`")]
    private static partial Regex Code();
}
