using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>Fields that carry code, from the spec to the document (pure).</summary>
internal static class CodeFieldCompiler
{
    /// <summary>Null where there is none, so that documents of policies without keep their revision.</summary>
    public static IReadOnlyList<CodeField>? Compile(WafPolicySpec spec) =>
        spec.CodeFields.Count == 0 ? null : [.. spec.CodeFields.Select(Of)];

    private static CodeField Of(CodeFieldSpec spec)
    {
        var families = (spec.Families.Count > 0 ? spec.Families : Enum.GetValues<CodeFamily>())
            .Select(family => ByName.Of<AttackFamily>(family)).Distinct().Order().ToList();
        return new()
        {
            Path = spec.Path,
            Name = spec.Name,
            Families = [.. families.SelectMany(FamilyNames.ModelNames).Distinct(StringComparer.Ordinal)],
            RuleTags = [.. families.SelectMany(FamilyNames.Tags).Distinct(StringComparer.Ordinal)],
        };
    }
}
