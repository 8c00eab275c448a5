using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Who vouches for a directive: the policy itself (its own text, and ConfigMaps whose content it pins), or only
/// whoever may write a
/// ConfigMap. A file is known by its name; a data file that a rule file includes is its ConfigMap's.
/// </summary>
internal sealed class RuleOrigins(RulesSpec spec, ConfigMapRules files)
{
    private const string PolicyPrefix = "policy/";

    /// <summary>False for directives that may find more and nothing less.</summary>
    public bool IsTrusted(Directive directive)
    {
        var file = directive.Location.File;
        return file.StartsWith(PolicyPrefix, StringComparison.Ordinal) || spec.ConfigMapTrust is ConfigMapTrust.Full
            || files.MapOf(file) is { } map && files.Pinned.Contains(map);
    }

    /// <summary>What stands in a finding's field: the file, with the ConfigMap it is of.</summary>
    public string FieldOf(string file) => file.Contains('/', StringComparison.Ordinal) ? file
        : $"{ConfigMapRules.Prefix}{files.MapOf(file)}/{file}";

    /// <summary>How whoever answers for the policy can allow it.</summary>
    public string Remedy(string file) => files.MapOf(file) is { } map && files.Digests.TryGetValue(map, out var digest)
        ? $"spec.rules.configMapDigests with {{name: {map}, digest: {digest}}} approves the files as they are"
        : "spec.rules.configMapTrust: Full allows it";
}
