using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

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
    /// <summary>Digest of each ConfigMap that was found (<see cref="DigestOf"/>).</summary>
    public IReadOnlyDictionary<string, string> Digests { get; private init; } = new Dictionary<string, string>();

    /// <summary>ConfigMaps whose content is the one that the policy names.</summary>
    public IReadOnlySet<string> Pinned { get; private init; } = new HashSet<string>();

    private IReadOnlyDictionary<string, string> MapsByData { get; init; } = new Dictionary<string, string>();

    /// <summary>Places of these texts begin so, in diagnostics and in the field of a finding.</summary>
    public const string Prefix = "configMap/";

    /// <summary>
    /// All texts together, so that the document stays below what a sidecar reads (16 MiB) though JSON writes some
    /// characters as six.
    /// </summary>
    public const int CharactersMax = 2 << 20;

    private const string Field = "spec.rules.configMaps";

    /// <summary>
    /// SHA-256 over the lines that <c>sha256sum *</c> prints in a folder with the files (in the order of their bytes),
    /// so that it can be
    /// made by hand: <c>LC_ALL=C; sha256sum * | sha256sum</c>.
    /// </summary>
    public static string DigestOf(IReadOnlyDictionary<string, string> files)
    {
        var lines = new StringBuilder();
        foreach (var (key, text) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
            lines.Append(Hex(Encoding.UTF8.GetBytes(text))).Append("  ").Append(key).Append('\n');
        return "sha256:" + Hex(Encoding.UTF8.GetBytes(lines.ToString()));
    }

    /// <summary>The ConfigMap that a file of these is of, by its name in diagnostics; null for another file.</summary>
    public string? MapOf(string file) => file.StartsWith(Prefix, StringComparison.Ordinal)
        ? file[Prefix.Length..].Split('/')[0] : MapsByData.GetValueOrDefault(file);

    /// <summary>Reads those that a policy names.</summary>
    public static ConfigMapRules Read(
        RulesSpec spec, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> found, List<Finding> findings)
    {
        var names = spec.ConfigMaps;
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

        var digests = names.Where(found.ContainsKey).Distinct().ToDictionary(name => name, name =>
            DigestOf(found[name]));
        var pinned = Pins(spec, digests, findings);
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
        return new([.. rules], [.. data], isComplete)
        {
            Digests = digests, Pinned = pinned,
            MapsByData = files.Where(file => !IsRules(file.Key)).ToDictionary(file => file.Key, file => file.Value.Map),
        };
    }

    /// <summary>Those that are as pinned; a finding for each that is not.</summary>
    private static HashSet<string> Pins(RulesSpec spec, Dictionary<string, string> digests, List<Finding> findings)
    {
        var pinned = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < spec.ConfigMapDigests.Count; i++)
        {
            var (name, wanted) = (spec.ConfigMapDigests[i].Name, spec.ConfigMapDigests[i].Digest);
            var path = string.Create(CultureInfo.InvariantCulture, $"spec.rules.configMapDigests[{i}]");
            if (!spec.ConfigMaps.Contains(name))
                findings.Add(new(FindingSeverity.Error, FindingKind.InvalidSpec, path,
                    $"{name} is not among configMaps"));
            if (!digests.TryGetValue(name, out var digest)) continue;
            if (digest == wanted) pinned.Add(name);
            else findings.Add(new(FindingSeverity.Error, FindingKind.InvalidRules, path,
                $"the files of ConfigMap {name} are not those that were pinned: their digest is {digest}"));
        }

        return pinned;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static bool IsRules(string key) => key.EndsWith(".conf", StringComparison.Ordinal) || IsSetup(key);

    private static bool IsSetup(string key) => key is "crs-setup.conf" or "crs-setup.conf.example";
}
