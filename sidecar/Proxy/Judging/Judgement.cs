using WafOperator.Protocols.Events;

namespace WafOperator.Proxy.Judging;

/// <summary>What a sidecar decides about one request.</summary>
/// <param name="Status">Status of the refusal, 200 for what passes; 0 when the connection would be closed.</param>
/// <param name="Decision">
/// The record of the decision; null for what is refused before there is one (bytes that are no request), and in mode
/// Off.
/// </param>
/// <param name="Requests">How many requests the bytes held; only the first is judged.</param>
public sealed record Judgement(int Status, SecurityEvent? Decision, int Requests)
{
    /// <summary>What Enforce does with it, whatever the policy's mode is.</summary>
    public VerdictKind Verdict => Decision is null ? Status is >= 200 and < 400 ? VerdictKind.Allow : VerdictKind.Block
        : Decision.Verdict is VerdictKind.Allow ? Decision.WouldHave : Decision.Verdict;
}

/// <summary>The sidecar refuses a policy that requests were to be judged by.</summary>
public sealed class JudgingException(string message) : Exception(message);
