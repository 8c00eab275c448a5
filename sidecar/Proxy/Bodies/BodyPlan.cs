using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Bodies;

/// <summary>What is done with a request's body before the decision.</summary>
internal enum BodyHandling
{
    /// <summary>It streams through unseen, or there is none.</summary>
    Stream,

    /// <summary>It is refused for its declared length, before a byte is read.</summary>
    Refuse,

    /// <summary>Up to <see cref="BodyPlan.BytesMax"/> are held and inspected; what is longer is refused.</summary>
    HoldOrRefuse,

    /// <summary>Up to <see cref="BodyPlan.BytesMax"/> are held and inspected; the rest streams behind them.</summary>
    HoldThenStream,

    /// <summary>
    /// The same; where the policy records what is not inspected, what has come within a moment is enough.
    /// </summary>
    Peek,
}

/// <summary>Chosen per request. Pure.</summary>
internal readonly record struct BodyPlan(BodyHandling Handling, int BytesMax)
{
    public static readonly BodyPlan Unseen = new(BodyHandling.Stream, 0);

    /// <param name="policy">The route's settings.</param>
    /// <param name="mode">The route's mode: Detect refuses nothing.</param>
    /// <param name="body">What the request says about its body.</param>
    public static BodyPlan Of(BodyInspection policy, InspectionMode mode, in BodyFacts body)
    {
        // Streams in both directions (gRPC, WebSocket) would wait for an answer while we wait for their end.
        if (!body.IsExpected || body.IsDuplex || policy.Mode is BodyInspectionKind.HeadersOnly || policy.LimitBytes <= 0)
            return Unseen;
        var limit = (int)Math.Min(policy.LimitBytes, Array.MaxLength / 4);
        if (policy.Mode is BodyInspectionKind.Window) return new BodyPlan(BodyHandling.Peek, limit);
        if (policy.OverLimit is BodyOverLimitOutcome.ProcessPartial || mode is not InspectionMode.Enforce)
            return new BodyPlan(BodyHandling.HoldThenStream, limit);
        return body.Length > limit
            ? new BodyPlan(BodyHandling.Refuse, limit)
            : new BodyPlan(BodyHandling.HoldOrRefuse, limit);
    }
}

/// <summary>What a request says about its body.</summary>
/// <param name="IsExpected">There may be one.</param>
/// <param name="Length">Declared length, if any.</param>
/// <param name="IsDuplex">The request is a stream in both directions.</param>
internal readonly record struct BodyFacts(bool IsExpected, long? Length, bool IsDuplex);
