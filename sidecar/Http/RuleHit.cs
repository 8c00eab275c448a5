namespace WafOperator.Http;

/// <summary>Where in a request a rule found something.</summary>
public enum HitPlace : byte
{
    /// <summary>In one value or name of it: <see cref="RuleHit.Value"/> says which.</summary>
    Part,

    /// <summary>In its target as a whole.</summary>
    Uri,

    /// <summary>In its body as a whole.</summary>
    Body,

    /// <summary>In nothing that the bytes of the request hold as one value.</summary>
    Request,
}

/// <summary>One value of a request in which a rule found something: the evidence that models weigh.</summary>
/// <param name="RuleId">The rule's id (the head's, in a chain).</param>
/// <param name="Finding">What a structural detector found; null for other operators.</param>
/// <param name="Place">What the rule looked at.</param>
/// <param name="Value">The value as it came, before the rule's transformations.</param>
/// <param name="At">Where in the transformed value the match begins, or -1 where that is not known.</param>
public readonly record struct RuleHit(long RuleId, string? Finding, HitPlace Place, Slice Value, int At);
