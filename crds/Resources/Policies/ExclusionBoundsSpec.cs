using System.ComponentModel;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>
/// How much protection WafExclusions may take away. Exclusions are written by application teams, the policy by whoever
/// answers for it; rules that make the verdict, the compiler's own rules and the family Protocol are never excluded.
/// </summary>
public sealed record ExclusionBoundsSpec
{
    [Description("What an exclusion must name. PathOrName: a path other than /*, or the name of a parameter, header or "
        + "cookie. Path: a path other than /*. Nothing: it may hold for every request."), Default("\"PathOrName\"")]
    public ExclusionScope Requires { get; init; } = ExclusionScope.PathOrName;

    [Description("Most rule ids of one exclusion, ranges counted whole."), Bounds(0, 1000000), Default("1000")]
    public int MaximumRules { get; init; } = 1000;

    [Description("Most attack families of one exclusion."), Bounds(0, 16), Default("3")]
    public int MaximumFamilies { get; init; } = 3;

    [Description("Attack families that exclusions may name; empty: all but Protocol, which none may."), Items(16)]
    public IReadOnlyList<AttackFamily> Families { get; init; } = [];

    [Description("Exclusions may name models."), Default("true")]
    public bool AllowModels { get; init; } = true;

    [Description("Longest time from an exclusion's creation to its expiresAt, such as 720h; left out: exclusions need "
        + "not end."), Length(32), Pattern(Patterns.Duration, Meaning = "a duration such as 720h")]
    public string? MaximumLifetime { get; init; }
}

/// <summary>What an exclusion must name.</summary>
public enum ExclusionScope { PathOrName, Path, Nothing }
