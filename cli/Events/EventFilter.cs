using WafOperator.Protocols.Events;

namespace WafOperator.Cli.Events;

/// <summary>Which decisions are shown. Pure.</summary>
/// <param name="Policy">Only of this policy; null for all.</param>
/// <param name="IsBlockedOnly">Only those that Enforce stops.</param>
/// <param name="Client">Only of this client; null for all.</param>
/// <param name="PathPrefix">Only below this path; null for all.</param>
/// <param name="Rule">Only those in which this rule matched; null for all.</param>
internal sealed record EventFilter(
    string? Policy = null, bool IsBlockedOnly = false, string? Client = null, string? PathPrefix = null,
    long? Rule = null)
{
    public bool Lets(SecurityEvent decision) =>
        (Policy is null || decision.Policy == Policy)
        && (!IsBlockedOnly || IsStopped(decision))
        && (Client is null || decision.Client == Client)
        && (PathPrefix is null || decision.Path.StartsWith(PathPrefix, StringComparison.Ordinal))
        && (Rule is null || decision.Rules.Any(rule => rule.Id == Rule));

    /// <summary>Whether it was stopped, or would have been in mode Enforce.</summary>
    public static bool IsStopped(SecurityEvent decision) =>
        decision.Verdict is not VerdictKind.Allow || decision.WouldHave is not VerdictKind.Allow;
}
