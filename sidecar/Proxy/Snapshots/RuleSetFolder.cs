using WafOperator.SecLang;

namespace WafOperator.Proxy.Snapshots;

/// <summary>
/// Finds the files of a rule set below the rules directory: in a folder of its name; for <c>owasp-crs</c> also in a folder
/// <c>crs-*</c> or <c>coreruleset-*</c>, or in the directory itself. Within it <c>crs-setup.conf</c> comes first, then
/// <c>rules/*.conf</c> or <c>*.conf</c> in ordinal order, as CRS wants to be read.
/// </summary>
internal static class RuleSetFolder
{
    private const string CoreRuleSet = "owasp-crs";

    private static readonly string[] SetupFiles = ["crs-setup.conf", "crs-setup.conf.example"];

    /// <summary>The rule set's files and what resolves their data files, or null when it is not there.</summary>
    public static (IReadOnlyList<SecLangSource> Sources, SourceResolver Files)? Open(string? rulesDirectory, string name)
    {
        if (rulesDirectory is null || Find(rulesDirectory, name) is not { } folder) return null;
        var rules = Path.Combine(folder, "rules");
        var files = RuleFiles(rules);
        if (files.Count == 0) files = RuleFiles(folder);
        var setup = SetupFiles
            .Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
        List<string> ordered = setup is null ? files : [setup, .. files.Where(file => file != setup)];
        return ([.. ordered.Select(file => SecLangSource.FromBytes(file, File.ReadAllBytes(file)))],
            new DirectorySourceResolver(folder, rules));
    }

    private static string? Find(string root, string name)
    {
        if (!Directory.Exists(root)) return null;
        var own = Path.Combine(root, name);
        if (IsName(name) && HoldsRules(own)) return own;
        if (name != CoreRuleSet) return null;
        var versioned = Directory.EnumerateDirectories(root)
            .Where(folder => Path.GetFileName(folder) is { } leaf
                && (leaf.StartsWith("crs-", StringComparison.Ordinal) || leaf.StartsWith("coreruleset", StringComparison.Ordinal)))
            .Where(HoldsRules).OrderByDescending(folder => folder, StringComparer.Ordinal).FirstOrDefault();
        return versioned ?? (HoldsRules(root) ? root : null);
    }

    private static bool IsName(string name) => name.Length > 0 && name != ".." && !name.AsSpan().ContainsAny('/', '\\', '\0');

    private static bool HoldsRules(string folder) =>
        Directory.Exists(folder) && (RuleFiles(Path.Combine(folder, "rules")).Count > 0 || RuleFiles(folder).Count > 0);

    private static List<string> RuleFiles(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        var files = Directory.EnumerateFiles(folder, "*.conf").ToList();
        files.Sort(StringComparer.Ordinal);
        return files;
    }
}
