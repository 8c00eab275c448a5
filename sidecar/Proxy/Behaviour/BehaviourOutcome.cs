using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Challenges;

namespace WafOperator.Proxy.Behaviour;

/// <summary>What a client's past means for this request.</summary>
/// <param name="Action">What the policy does at this risk; Allow when there is none.</param>
/// <param name="Risk">0 to 1.</param>
/// <param name="By">Who said so: a model family, or <c>violations</c>.</param>
internal readonly record struct BehaviourOutcome(BehaviourActionKind Action, double Risk, string? By)
{
    /// <summary>The client is to be refused; false for a throttled one within its rate.</summary>
    public bool Refuses { get; init; }

    /// <summary>What the client is to show, where the action is Challenge.</summary>
    public ChallengeRung Rung { get; init; }

    /// <summary>When the client may come back.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>Worth an event.</summary>
    public bool IsTold => Action is not BehaviourActionKind.Allow;
}
