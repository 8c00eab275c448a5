using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>Which policies would block by what a model family says (pure).</summary>
public static class EnforcingPolicies
{
    /// <summary>Names of those, in order.</summary>
    /// <param name="policies">Policies of one namespace.</param>
    /// <param name="model">The family.</param>
    public static IReadOnlyList<string> Of(IEnumerable<WafPolicy> policies, string model) =>
    [
        .. policies.Where(policy => policy.Metadata.DeletionTimestamp is null && Enforces(policy.Spec, model))
            .Select(policy => policy.Metadata.Name ?? "").Order(StringComparer.Ordinal),
    ];

    private static bool Enforces(WafPolicySpec spec, string model) =>
        spec is { Mode: PolicyMode.Enforce, Ml: { Mode: null or PolicyMode.Enforce } ml }
        && ml.Models.Any(reference => reference.Model == model)
        && PolicyCompiler.DecisionOf(spec) is not DecisionKind.Rules;
}
