using System.Globalization;
using WafOperator.Policies.Rules;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Exclusions;

/// <summary>
/// Holds a WafExclusion against the bounds of its policy, and says what one within them takes away in the large. Pure.
/// </summary>
public static class ExclusionBounds
{
    /// <summary>Families from which on an exclusion counts as broad.</summary>
    private const int ManyFamilies = 4;

    /// <summary>Characters of an exclusion's reason in a condition, which speaks of several.</summary>
    private const int ReasonLengthMax = 120;

    /// <summary>Bounds that hold whatever a policy says: nothing but what may never be excluded.</summary>
    public static ExclusionBoundsSpec Widest { get; } = new()
    {
        Requires = ExclusionScope.Nothing, MaximumRules = int.MaxValue, MaximumFamilies = int.MaxValue,
    };

    /// <summary>Why the exclusion is not applied, with its field; null when it is within bounds.</summary>
    public static (string Path, string Message)? Breach(
        WafExclusion exclusion, ExclusionBoundsSpec bounds, DateTimeOffset now)
    {
        var spec = exclusion.Spec;
        return Never(spec) ?? Scope(spec, bounds) ?? Amount(spec, bounds) ?? Lifetime(exclusion, bounds, now);
    }

    /// <summary>What the exclusion takes away in the large, as a sentence; null for an ordinary one.</summary>
    public static string? Weakening(WafExclusion exclusion, WafPolicySpec policy)
    {
        var spec = exclusion.Spec;
        var isEverywhere = !HasPath(spec.Match) && !HasName(spec.Match);
        var models = policy.Ml?.Models ?? [];
        var takesModels = models.Count > 0 && models.All(model => spec.Models.Contains(model.Model));
        var what = takesModels && !HasName(spec.Match) ? "all models"
            : spec.Families.Count >= ManyFamilies ? $"{spec.Families.Count} attack families"
            : isEverywhere ? "what it names"
            : null;
        if (what is null) return null;
        var where = isEverywhere ? "for every request"
            : HasPath(spec.Match) ? $"below {spec.Match!.Path}" : $"in {spec.Match!.Part} {spec.Match.Name}";
        return $"{exclusion.Metadata.Name} leaves out {what} {where} ({Reason(spec)})";
    }

    private static string Reason(WafExclusionSpec spec) =>
        spec.Reason.Length <= ReasonLengthMax ? spec.Reason : spec.Reason[..ReasonLengthMax] + "…";

    private static (string, string)? Never(WafExclusionSpec spec)
    {
        for (var i = 0; i < spec.Rules.Count; i++)
        {
            if (!RuleRange.TryParse(spec.Rules[i], out var range)) continue;
            foreach (var never in ReservedRuleIds.NeverExcluded)
            {
                if (range.First > never.Last || range.Last < never.First) continue;
                return (At("spec.rules", i),
                    $"{range} touches {never}: rules that set up, add up or decide cannot be excluded");
            }
        }

        var protocol = spec.Families.ToList().IndexOf(AttackFamily.Protocol);
        return protocol < 0 ? null
            : (At("spec.families", protocol), "Protocol cannot be excluded as a family: name the rules");
    }

    private static (string, string)? Scope(WafExclusionSpec spec, ExclusionBoundsSpec bounds) => bounds.Requires switch
    {
        ExclusionScope.Path when !HasPath(spec.Match) =>
            ("spec.match.path", "the policy's exclusionBounds ask for a path other than /*"),
        ExclusionScope.PathOrName when !HasPath(spec.Match) && !HasName(spec.Match) =>
            ("spec.match", "the policy's exclusionBounds ask for a path other than /*, or for the name of a parameter, "
                + "header or cookie"),
        _ => null,
    };

    private static (string, string)? Amount(WafExclusionSpec spec, ExclusionBoundsSpec bounds)
    {
        var rules = 0.0;
        foreach (var text in spec.Rules)
            if (RuleRange.TryParse(text, out var range)) rules += (double)range.Last - range.First + 1;
        if (rules > bounds.MaximumRules)
            return ("spec.rules", string.Create(CultureInfo.InvariantCulture,
                $"covers {rules:0} rule ids, the policy's exclusionBounds allow {bounds.MaximumRules}"));
        if (spec.Families.Count > bounds.MaximumFamilies)
            return ("spec.families", string.Create(CultureInfo.InvariantCulture,
                $"names {spec.Families.Count} families, the policy's exclusionBounds allow {bounds.MaximumFamilies}"));
        for (var i = 0; i < spec.Families.Count; i++)
            if (bounds.Families.Count > 0 && !bounds.Families.Contains(spec.Families[i]))
                return (At("spec.families", i),
                    $"{spec.Families[i]} is not among the families of the policy's exclusionBounds");
        return spec.Models.Count > 0 && !bounds.AllowModels
            ? ("spec.models", "the policy's exclusionBounds allow no exclusion of models")
            : null;
    }

    private static (string, string)? Lifetime(
        WafExclusion exclusion, ExclusionBoundsSpec bounds, DateTimeOffset now)
    {
        if (bounds.MaximumLifetime is not { } text) return null;
        var latest = (exclusion.Metadata.CreationTimestamp ?? now) + DurationText.Parse(text);
        return exclusion.Spec.ExpiresAt is { } end && end <= latest
            ? null
            : ("spec.expiresAt", $"must be set, and not after {latest:u}: the policy's exclusionBounds allow {text}");
    }

    private static bool HasPath(ExclusionMatch? match) => match?.Path is { } path && path.Trim('/', '*').Length > 0
        || match?.Path is "/";

    private static bool HasName(ExclusionMatch? match) => match?.Name is { Length: > 0 };

    private static string At(string field, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{field}[{index}]");
}
