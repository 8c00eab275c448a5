using System.Globalization;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Files;

/// <summary>
/// Outcome of reading a policy file: the document when there are no errors. Messages are for people and name line and
/// field.
/// </summary>
public sealed record PolicyFileResult
{
    public PolicyDocument? Document { get; init; }
    public WafPolicy? Policy { get; init; }
    public IReadOnlyList<string> Errors { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>When the document changes by itself (an exclusion expires), or null.</summary>
    public DateTimeOffset? RecompileAt { get; init; }
}

/// <summary>
/// File mode: the manifest that kubectl takes (a WafPolicy with its WafExclusions, ApiSchemas, ModelVersions and
/// ConfigMaps of rules and documents) → the document that a sidecar takes. There is no operator, so model versions
/// count as promoted, the highest version of a family first.
/// </summary>
public static class PolicyFile
{
    /// <summary>Reads a text. With several policies in it, <paramref name="policyName"/> chooses.</summary>
    public static PolicyFileResult Load(string text, DateTimeOffset now, string? policyName = null)
    {
        var manifest = ManifestReader.Read(text);
        List<string> warnings = [.. manifest.Warnings.Select(warning => warning.ToString())];
        if (manifest.Errors.Count > 0)
            return new() { Errors = [.. manifest.Errors.Select(error => error.ToString())], Warnings = warnings };
        var policies =
            manifest.Objects.Where(item => item.Resource is WafPolicy policy
                && (policyName is null || policy.Metadata.Name == policyName)).ToList();
        if (policies.Count != 1)
            return new() { Errors = [Choice(policies, policyName)], Warnings = warnings };
        var policy = (WafPolicy)policies[0].Resource;
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = policy,
            Exclusions = [.. manifest.Objects.Select(item => item.Resource).OfType<WafExclusion>()],
            ApiSchemas = [.. manifest.Objects.Select(item => item.Resource).OfType<ApiSchema>()],
            Models = [.. manifest.Objects.Select(item => item.Resource).OfType<ModelVersion>()],
            RuleFiles = manifest.RuleFiles
                .GroupBy(map => map.Name).ToDictionary(maps => maps.Key, maps => maps.Last().Files),
            TrustUnjudgedModels = true,
            Now = now,
        });
        return new()
        {
            Document = compilation.Document,
            Policy = policy,
            Errors = Messages(compilation, FindingSeverity.Error),
            Warnings = [.. warnings, .. Messages(compilation, FindingSeverity.Warning)],
            RecompileAt = compilation.RecompileAt,
        };
    }

    private static List<string> Messages(PolicyCompilation compilation, FindingSeverity severity) =>
        [.. compilation.Findings.Where(finding => finding.Severity == severity).Select(finding => finding.ToString())];

    private static string Choice(List<ManifestObject> policies, string? policyName)
    {
        if (policies.Count > 1)
        {
            var names =
                string.Join(", ", policies.Select(item =>
                    string.Create(CultureInfo.InvariantCulture, $"{item.Resource.Metadata.Name} (line {item.Line})")));
            return $"holds {policies.Count} policies: {names}. Name one, or keep one per file";
        }
        return policyName is null
            ? "holds no WafPolicy: give the manifest that you would give to kubectl"
            : $"holds no WafPolicy with the name {policyName}";
    }
}
