namespace WafOperator.Matching;

/// <summary>How a search ended.</summary>
public enum RegexOutcome
{
    /// <summary>The pattern does not match anywhere.</summary>
    NoMatch,

    /// <summary>The pattern matches.</summary>
    Match,

    /// <summary>The steps given ran out before the answer was known; the caller decides what that means.</summary>
    BudgetExceeded,
}

/// <summary>What a group captured: offsets into the input.</summary>
/// <param name="Start">Offset of the first byte; -1 where the group took no part in the match.</param>
/// <param name="Length">Length in bytes.</param>
public readonly record struct Capture(int Start, int Length)
{
    public static Capture None => new(-1, 0);

    public bool Success => Start >= 0;
}
