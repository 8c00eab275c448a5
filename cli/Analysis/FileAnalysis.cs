using WafOperator.Policies.Compilation;
using WafOperator.Policies.Targets;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.SecLang;

namespace WafOperator.Cli.Analysis;

/// <summary>
/// Files that belong together (manifests, rule files) → what is wrong with them. Objects may name each other across
/// files. Pure: the same checks that the API server, the operator's webhook and its compiler make.
/// </summary>
internal static class FileAnalysis
{
    private static readonly HashSet<string> AboutOtherFiles = new(StringComparer.Ordinal)
    {
        DiagnosticCodes.MissingRule, DiagnosticCodes.MissingMarker, DiagnosticCodes.MissingFile,
    };

    public static IReadOnlyList<AnalysisFinding> Of(IReadOnlyList<SourceText> files, DateTimeOffset now)
    {
        var findings = new List<AnalysisFinding>();
        var objects = new List<(string File, ManifestObject Object)>();
        var maps = new List<RuleConfigMap>();
        foreach (var file in files)
        {
            if (file.IsRules) findings.AddRange(OfRules(file));
            else Read(file, objects, maps, findings);
        }

        foreach (var (file, manifest) in objects) findings.AddRange(OfObject(file, manifest, objects, maps, now));
        findings.AddRange(Conflicts(objects));
        return
        [
            .. findings.Distinct().OrderBy(finding => finding.File, StringComparer.Ordinal)
                .ThenBy(finding => finding.Line).ThenByDescending(finding => finding.Severity),
        ];
    }

    private static void Read(
        SourceText file, List<(string, ManifestObject)> objects, List<RuleConfigMap> maps,
        List<AnalysisFinding> findings)
    {
        var manifest = ManifestReader.Read(file.Text);
        foreach (var error in manifest.Errors)
            findings.Add(new(file.Name, error.Line, AnalysisSeverity.Error, "schema", Placed(error)));
        foreach (var warning in manifest.Warnings)
            findings.Add(new(file.Name, warning.Line, AnalysisSeverity.Warning, "schema", Placed(warning)));
        objects.AddRange(manifest.Objects.Select(item => (file.Name, item)));
        maps.AddRange(manifest.RuleFiles);
        if (manifest is { Objects.Count: 0, Errors.Count: 0, RuleFiles.Count: 0 })
            findings.Add(new(
                file.Name, 0, AnalysisSeverity.Advice, "nothing", manifest.Foreign == 0 ? "holds no object"
                    : $"holds {manifest.Foreign} objects of other kinds, and none of ours"));
    }

    private static string Placed(ManifestFinding finding) =>
        finding.Path.Length == 0 ? finding.Message : $"{finding.Path}: {finding.Message}";

    private static IEnumerable<AnalysisFinding> OfRules(SourceText file) =>
        SecLangParser.Parse(file.Text, file.Name).Diagnostics
            // Rule files are often parts of a set.
            .Where(diagnostic => !AboutOtherFiles.Contains(diagnostic.Code))
            .Select(diagnostic => new AnalysisFinding(
                file.Name, diagnostic.Location.Line,
                diagnostic.Severity is DiagnosticSeverity.Error ? AnalysisSeverity.Error : AnalysisSeverity.Warning,
                "rules", diagnostic.Message
                    + (diagnostic.Severity is DiagnosticSeverity.Refused ? " (the rule has no effect)" : "")));

    private static IEnumerable<AnalysisFinding> OfObject(
        string file, ManifestObject manifest, List<(string File, ManifestObject Object)> all,
        IReadOnlyList<RuleConfigMap> maps, DateTimeOffset now)
    {
        var label = $"{manifest.Resource.Kind} {manifest.Resource.Metadata.Name}: ";
        switch (manifest.Resource)
        {
            case WafPolicy policy:
                foreach (var finding in Compile(policy, all, maps, now))
                    yield return new(
                        file, manifest.Line, finding.Severity is FindingSeverity.Error ? AnalysisSeverity.Error
                            : AnalysisSeverity.Warning, "compile", label + finding);
                foreach (var (severity, code, message) in PolicyAdvice.Of(policy))
                    yield return new(file, manifest.Line, severity, code, label + message);
                break;
            case WafExclusion exclusion:
                foreach (var (severity, code, message) in PolicyAdvice.Of(exclusion))
                    yield return new(file, manifest.Line, severity, code, label + message);
                if (!Same<WafPolicy>(all, exclusion).Any(policy => policy.Metadata.Name == exclusion.Spec.Policy))
                    yield return new(
                        file, manifest.Line, AnalysisSeverity.Advice, "policy-elsewhere",
                        $"{label}WafPolicy {exclusion.Spec.Policy} is not among the files: its bounds were not "
                            + "checked");
                break;
            case ApiSchema schema when !Same<WafPolicy>(all, schema)
                .Any(policy => policy.Metadata.Name == schema.Spec.Policy):
                yield return new(
                    file, manifest.Line, AnalysisSeverity.Advice, "policy-elsewhere",
                    $"{label}WafPolicy {schema.Spec.Policy} is not among the files: its document was not read");
                break;
        }
    }

    private static IReadOnlyList<Finding> Compile(
        WafPolicy policy, List<(string File, ManifestObject Object)> all, IReadOnlyList<RuleConfigMap> maps,
        DateTimeOffset now) => PolicyCompiler.Compile(new PolicyInputs
        {
            Policy = policy,
            Exclusions = [.. Same<WafExclusion>(all, policy)],
            Models = [.. Same<ModelVersion>(all, policy)],
            ApiSchemas = [.. Same<ApiSchema>(all, policy)],
            Pools = [.. Same<InferencePool>(all, policy)],
            RuleFiles = maps.GroupBy(map => map.Name).ToDictionary(group => group.Key, group => group.Last().Files),
            TrustUnjudgedModels = true,
            Now = now,
        }).Findings;

    /// <summary>Objects of a kind in the namespace of another.</summary>
    private static IEnumerable<T> Same<T>(
        List<(string File, ManifestObject Object)> all, Resources.ICustomResource other)
        where T : Resources.ICustomResource =>
        all.Select(item => item.Object.Resource).OfType<T>()
            .Where(item => (item.Metadata.Namespace ?? "") == (other.Metadata.Namespace ?? ""));

    private static IEnumerable<AnalysisFinding> Conflicts(List<(string File, ManifestObject Object)> all)
    {
        var policies = all.Where(item => item.Object.Resource is WafPolicy).ToList();
        foreach (var ns in policies.GroupBy(item => item.Object.Resource.Metadata.Namespace ?? ""))
        {
            foreach (var conflict in new TargetResolver(ns.Select(item => (WafPolicy)item.Object.Resource)).Conflicts)
            {
                var (file, manifest) = ns.First(item => item.Object.Resource.Metadata.Name == conflict.Policy);
                yield return new(
                    file, manifest.Line, AnalysisSeverity.Error, "conflict",
                    $"WafPolicy {conflict.Policy}: {conflict.Target} is claimed by {conflict.Holder}, too: the "
                        + "older of the two gets it");
            }
        }
    }
}
