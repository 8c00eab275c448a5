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

    public static bool Contains(long id) => id is >= First and <= Last;
}
