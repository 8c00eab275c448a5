namespace WafOperator.Engine;

/// <summary>What is to be done with a request or response that rules have decided about.</summary>
public enum InterruptionAction
{
    /// <summary>Answer with <see cref="Interruption.Status"/>.</summary>
    Deny,

    /// <summary>Close the connection without an answer.</summary>
    Drop,

    /// <summary>
    /// Answer with <see cref="Interruption.Status"/> and a Location of <see cref="Interruption.RedirectUrl"/>.
    /// </summary>
    Redirect,
}

/// <summary>
/// The decision of a disruptive action. <paramref name="IsEnforced"/> is false in DetectionOnly: then it says what
/// would have happened.
/// </summary>
/// <param name="Action">What to do.</param>
/// <param name="Status">HTTP status to answer with.</param>
/// <param name="RuleId">The rule that decided (the head of a chain).</param>
/// <param name="Phase">The phase it ran in, 1 to 5.</param>
/// <param name="RedirectUrl">Where to, for <see cref="InterruptionAction.Redirect"/>.</param>
/// <param name="Message">The rule's message, macros expanded.</param>
/// <param name="IsEnforced">Whether the mode lets the decision take effect.</param>
public sealed record Interruption(
    InterruptionAction Action, int Status, long RuleId, int Phase, string? RedirectUrl, string? Message,
        bool IsEnforced);
