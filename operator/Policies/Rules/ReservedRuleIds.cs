using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Ids of the rules that the compiler writes. Above what OWASP reserves for vendors and local rules, so that rule sets
/// and inline rules never meet them; an inline rule in this range is refused.
/// </summary>
public static class ReservedRuleIds
{
    public const long First = 90_000_000;
    public const long Last = 90_999_999;

    /// <summary>Settings that a rule set reads.</summary>
    public const long Settings = First;

    /// <summary>Body processors and body errors.</summary>
    public const long Bodies = First + 100;

    /// <summary>Exclusions, one or two ids each.</summary>
    public const long Exclusions = First + 10_000;

    /// <summary>
    /// Ranges that no WafExclusion may touch: rules that set rule sets up, add the scores up and make the verdict
    /// (OWASP CRS 3 and 4), and the compiler's own.
    /// </summary>
    public static IReadOnlyList<RuleRange> NeverExcluded { get; } =
        [new(901_000, 901_999), new(949_000, 949_999), new(959_000, 959_999), new(980_000, 980_999), new(First, Last)];

    public static bool Contains(long id) => id is >= First and <= Last;
}
