using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Inspection;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Snapshots;

namespace WafOperator.Proxy.Messages;

/// <summary>What all messages of one stream are judged under: that of the request that opened it.</summary>
/// <param name="Context">The request.</param>
/// <param name="Snapshot">The policy it pinned.</param>
/// <param name="Services">What every exchange uses.</param>
/// <param name="Route">Settings of its path.</param>
/// <param name="Client">Who sent it.</param>
internal sealed record MessageScope(
    ProxyContext Context, PolicySnapshot Snapshot, InspectionServices Services, Route Route, Address Client)
{
    /// <summary>Most bytes of a message that are kept: the policy's, and never more than fits a stream.</summary>
    public int WindowBytes => (int)Math.Clamp(Route.Body.LimitBytes, 1, Services.Limits.MessageBytesMax);

    /// <summary>
    /// A readable message that is longer than the window ends the stream, also where bodies may be longer than a stream
    /// keeps of a message: what is not looked at does not pass.
    /// </summary>
    public bool RefusesLong =>
        Route.Body is { Mode: BodyInspectionKind.Buffered, OverLimit: BodyOverLimitOutcome.Reject };

    /// <summary>A decision's inputs before a message was looked at.</summary>
    public DecisionInputs Inputs => new()
    {
        HasPolicy = true,
        PolicyMode = Snapshot.Document.Mode,
        RouteMode = Route.Mode,
        Decision = Snapshot.Document.Decision,
        ModelMode = Snapshot.Document.Ml?.Mode ?? InspectionMode.Off,
        FailureModes = Snapshot.Document.FailureModes,
        BlockStatus = Snapshot.Document.BlockResponse.StatusCode,
    };
}
