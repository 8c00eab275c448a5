using System.Globalization;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Rule files out of ConfigMaps (pure): texts in the order in which they are read, and the data files that they name.
/// A ConfigMap holds 1 MiB at most, so a large rule set comes in several; together they are one folder.
/// </summary>
/// <param name="Sources">Rules: keys that end with <c>.conf</c>.</param>
/// <param name="Data">All other keys.</param>
/// <param name="IsComplete">Every ConfigMap that was named is there.</param>
internal sealed record ConfigMapRules(IReadOnlyList<RuleSource> Sources, IReadOnlyList<RuleFile> Data, bool IsComplete)
{
    /// <summary>Places of these texts begin so, in diagnostics and in the field of a finding.</summary>
    public const string Prefix = "configMap/";

    /// <summary>
    /// All texts together, so that the document stays below what a sidecar reads (16 MiB) though JSON writes some
    /// characters as six.
    /// </summary>
    public const int CharactersMax = 2 << 20;

    private const string Field = "spec.rules.configMaps";

    public static ConfigMapRules Read(
        IReadOnlyList<string> names, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> found,
        List<Finding> findings)
    {
        var files = new SortedDictionary<string, (string Map, string Text)>(StringComparer.Ordinal);
        var isComplete = true;
        for (var i = 0; i < names.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"{Field}[{i}]");
            if (!found.TryGetValue(names[i], out var map))
            {
                isComplete = false;
                findings.Add(new(FindingSeverity.Error, FindingKind.RulesNotFound, path,
                    $"there is no ConfigMap {names[i]} with the label wafoperator.dev/rules: \"true\" in the "
                        + "namespace"));
                continue;
            }

            foreach (var (key, text) in map)
            {
                if (files.TryAdd(key, (names[i], text))) continue;
                findings.Add(new(FindingSeverity.Error, FindingKind.InvalidRules, path,
                    $"{key} is in ConfigMap {files[key].Map} already"));
            }
        }

        var length = files.Values.Sum(file => (long)file.Text.Length);
        if (length > CharactersMax)
        {
            findings.Add(new(FindingSeverity.Error, FindingKind.InvalidRules, Field,
                $"the files have {length} characters together, at most {CharactersMax} are taken"));
            return new([], [], isComplete);
        }

        var rules = files.Where(file => IsRules(file.Key)).OrderBy(file => IsSetup(file.Key) ? 0 : 1)
            .Select(file => new RuleSource { Name = $"{Prefix}{file.Value.Map}/{file.Key}", Text = file.Value.Text });
        var data = files.Where(file => !IsRules(file.Key))
            .Select(file => new RuleFile { Name = file.Key, Text = file.Value.Text });
        return new([.. rules], [.. data], isComplete);
    }

    private static bool IsRules(string key) => key.EndsWith(".conf", StringComparison.Ordinal) || IsSetup(key);

    private static bool IsSetup(string key) => key is "crs-setup.conf" or "crs-setup.conf.example";
}
