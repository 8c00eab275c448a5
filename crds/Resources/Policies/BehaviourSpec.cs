using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>What clients do over time.</summary>
public sealed record BehaviourSpec
{
    [Description("Off, Detect or Enforce, never more than spec.mode. Detect remembers and judges clients and records "
        + "what would follow."), Default("\"Detect\"")]
    public PolicyMode Mode { get; init; } = PolicyMode.Detect;

    [Description("Clients and sessions that each sidecar remembers, 640 bytes each, out of the sidecar's memory."),
        Bounds(100, 1000000), Default("20000")]
    public int Clients { get; init; } = 20_000;

    [Description("Values by which requests are remembered besides their client, such as a session's cookie. A client "
        + "is always judged by its address too: a new value is no new start."), Items(4)]
    public IReadOnlyList<DistinctSpec> Sessions { get; init; } = [];

    [Description("Networks whose clients are neither remembered nor held. A client that is held is let go at once when "
        + "it is put here."), Items(256), Length(64), Pattern(Patterns.Cidr)]
    public IReadOnlyList<string> ExemptClients { get; init; } = [];

    [Description("Families of models that judge clients, such as anomaly and flood. The highest risk counts. Without "
        + "models, only requests that were refused raise a client's risk."), Items(4, MapKeys = ["model"])]
    public IReadOnlyList<BehaviourModelReference> Models { get; init; } = [];

    [Description("Where risk levels begin.")]
    public RiskThresholdsSpec? Thresholds { get; init; }

    [Description("What is done at each level, to the client's next request.")]
    public BehaviourActionsSpec? Actions { get; init; }

    [Description("How long a client in quarantine is refused."), Length(32), Pattern(Patterns.Duration),
        Default("\"10m\"")]
    public string QuarantineFor { get; init; } = "10m";

    [Description("The rate that a throttled client has.")]
    public ThrottleSpec? Throttle { get; init; }

    [Description("How clients are asked to show that they are browsers, where an action is Challenge: at medium risk "
        + "by a cookie, at high risk by a page that goes on by itself, at critical risk by a script that works for a "
        + "moment. Pages only; other requests get 429.")]
    public ChallengeSpec? Challenge { get; init; }
}

/// <summary>A model family that judges clients.</summary>
public sealed record BehaviourModelReference
{
    [Description("Model family."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsLabel)]
    public string Model { get; init; } = "";
}

/// <summary>What follows from a client's risk.</summary>
public enum BehaviourAction { Allow, Log, Challenge, Throttle, Quarantine, Block }

/// <summary>What is done at a risk level.</summary>
public sealed record BehaviourActionsSpec
{
    [Description("At medium risk."), Default("\"Log\"")]
    public BehaviourAction Medium { get; init; } = BehaviourAction.Log;

    [Description("At high risk."), Default("\"Log\"")]
    public BehaviourAction High { get; init; } = BehaviourAction.Log;

    [Description("At critical risk."), Default("\"Log\"")]
    public BehaviourAction Critical { get; init; } = BehaviourAction.Log;
}

/// <summary>How clients are asked to show that they are browsers.</summary>
public sealed record ChallengeSpec
{
    [Description("How long a client that has shown it is not asked again."), Length(32), Pattern(Patterns.Duration),
        Default("\"24h\"")]
    public string PassFor { get; init; } = "24h";

    [Description("Work of the script: leading zero bits of a hash. 15 takes a phone about a second, each bit more "
        + "doubles it."), Bounds(8, 24), Default("15")]
    public int WorkBits { get; init; } = 15;
}

/// <summary>A lower rate.</summary>
public sealed record ThrottleSpec
{
    [Description("Requests per period."), Bounds(1, 1000000), Default("60")]
    public int Requests { get; init; } = 60;

    [Description("Period."), Length(32), Pattern(Patterns.Duration), Default("\"1m\"")]
    public string Period { get; init; } = "1m";
}
