namespace WafOperator.Protocols.Events;

/// <summary>
/// What of one request was looked at. With <see cref="VerdictKind.Allow"/> and <see cref="IsWhole"/> all of it was;
/// else
/// <see cref="Uninspected"/> says why not.
/// </summary>
public sealed record InspectionCoverage
{
    /// <summary>Everything that the policy's engines read was read, to its end.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>
    /// Bytes of head and body; of a body without a declared length, those that had come when it was decided.
    /// </summary>
    public long Bytes { get; init; }

    /// <summary>Of those, bytes that rules and models were shown.</summary>
    public long BytesInspected { get; init; }

    /// <summary>Headers, cookies, arguments, files and texts that were read out of them.</summary>
    public long Parts { get; init; }

    /// <summary>Of those, parts that models looked at, without headers as every browser sends them.</summary>
    public long PartsScored { get; init; }

    /// <summary>
    /// Messages of the stream that were inspected until then: in the event of a message with that message, in the event
    /// of the stream's end all of them.
    /// </summary>
    public long Messages { get; init; }

    /// <summary>Why the rest was not looked at.</summary>
    public IReadOnlyList<UninspectedReason> Uninspected { get; init; } = [];

    /// <summary>Names of the bounds that were met, with <see cref="UninspectedReason.Limit"/>.</summary>
    public IReadOnlyList<string> Limits { get; init; } = [];
}

/// <summary>
/// Why something was not looked at: a closed list. The names are an interface, seen in events, in the label <c>why</c>
/// of
/// <c>waf_uninspected_total</c>, in a sidecar's status and in a policy's. Explained in docs/coverage.md.
/// </summary>
public enum UninspectedReason
{
    /// <summary>The policy's mode is Off.</summary>
    PolicyOff,

    /// <summary>The route's mode is Off.</summary>
    RouteOff,

    /// <summary>The policy has neither rules nor models.</summary>
    NoEngine,

    /// <summary>The client is on the list of those that are not inspected.</summary>
    BypassClient,

    /// <summary>Bodies are not inspected on this route.</summary>
    HeadersOnly,

    /// <summary>The body is longer than the window.</summary>
    WindowEnd,

    /// <summary>The body is longer than the limit, and the policy lets the rest pass.</summary>
    OverLimit,

    /// <summary>A stream in both directions: gRPC, WebSocket.</summary>
    Stream,

    /// <summary>Content of uploaded files that no reader takes apart.</summary>
    FileContent,

    /// <summary>A media type that no reader knows; the body was looked at as one text.</summary>
    UnreadContentType,

    /// <summary>A content coding that no reader undoes; the body was looked at as it came.</summary>
    OpaqueCoding,

    /// <summary>A response that was longer than its limit, or that the application had encoded.</summary>
    ResponseBody,

    /// <summary>
    /// Models saw a part of a long value only, or one that reads whole requests not all of its rows; rules, and models
    /// of parts, saw the rest.
    /// </summary>
    ModelWindow,

    /// <summary>A bound of the reader was met; the event names it.</summary>
    Limit,

    /// <summary>The client paused for longer than the beginning of a body is held back.</summary>
    WindowTime,

    /// <summary>All requests together held too much to hold this body.</summary>
    NoRoom,

    /// <summary>The request needs more work than models may do for one.</summary>
    ModelBudget,

    /// <summary>The request has more parts than models look at.</summary>
    ModelParts,

    /// <summary>A model was not loaded yet.</summary>
    ModelCold,

    /// <summary>A model cannot be had, was refused, or failed.</summary>
    ModelMissing,

    /// <summary>The inference pool did not answer.</summary>
    ModelPool,

    /// <summary>The rule engine met a bound or failed, and the policy lets such requests pass.</summary>
    RulesFailed,

    /// <summary>No policy was ever received, and failureModes.config is Open.</summary>
    NoPolicy,

    /// <summary>The route lets clients change to another protocol, whose bytes nobody reads.</summary>
    Upgrade,

    /// <summary>A body that cannot be read as what it is declared to be: lenient programs read more of it.</summary>
    Malformed,
}

/// <summary>Who brought a reason about, which decides what follows from it.</summary>
public enum UninspectedKind
{
    /// <summary>The policy says so: recorded.</summary>
    Chosen,

    /// <summary>It is what ordinary traffic consists of, and its beginning was looked at: recorded.</summary>
    Content,

    /// <summary>A client can bring it about: <c>failureModes.uninspected</c> decides.</summary>
    Client,

    /// <summary>A part of ours is not available: the other failure modes decide.</summary>
    Fault,
}

/// <summary>What kind each reason is of.</summary>
public static class UninspectedKinds
{
    public static UninspectedKind Of(UninspectedReason reason) => reason switch
    {
        UninspectedReason.PolicyOff or UninspectedReason.RouteOff or UninspectedReason.NoEngine
            or UninspectedReason.BypassClient or UninspectedReason.HeadersOnly or UninspectedReason.WindowEnd
            or UninspectedReason.OverLimit or UninspectedReason.Upgrade => UninspectedKind.Chosen,
        UninspectedReason.Stream or UninspectedReason.FileContent or UninspectedReason.UnreadContentType
            or UninspectedReason.OpaqueCoding or UninspectedReason.ResponseBody
            or UninspectedReason.ModelWindow => UninspectedKind.Content,
        UninspectedReason.Limit or UninspectedReason.WindowTime or UninspectedReason.NoRoom
            or UninspectedReason.ModelBudget or UninspectedReason.ModelParts
            or UninspectedReason.Malformed => UninspectedKind.Client,
        UninspectedReason.ModelCold or UninspectedReason.ModelMissing or UninspectedReason.ModelPool
            or UninspectedReason.RulesFailed or UninspectedReason.NoPolicy => UninspectedKind.Fault,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "has no kind"),
    };
}
