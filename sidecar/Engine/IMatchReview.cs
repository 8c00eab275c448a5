using WafOperator.Http;

namespace WafOperator.Engine;

/// <summary>Says which matches of rules about attacks are noted and count for nothing.</summary>
public interface IMatchReview
{
    /// <summary>The rule found something in the value; true: it is noted, and the value does not match.</summary>
    /// <param name="ruleId">The rule's id (the head's, in a chain).</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="value">The value as it came; not empty.</param>
    bool IsOnlyNoted(long ruleId, ReadOnlySpan<string> tags, Slice value);
}
