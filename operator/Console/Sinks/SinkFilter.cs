using System.Globalization;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Sinks;

/// <summary>Which events a sink gets. Pure: the same event is always taken or always left.</summary>
public sealed record SinkFilter
{
    /// <summary>Names of policies; none: all.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>What was done about requests that were stopped or would have been; none: any of it.</summary>
    public IReadOnlyList<EventAction> Actions { get; init; } = [];

    /// <summary>How serious at least.</summary>
    public ThreatLevel AtLeast { get; init; } = ThreatLevel.None;

    /// <summary>Percentage of allowed requests that is taken, by their ids.</summary>
    public int AllowedPercent { get; init; } = 100;

    public bool Takes(EventRow row)
    {
        if (row.ThreatLevel < AtLeast || (Policies.Count > 0 && !Policies.Contains(row.Policy))) return false;
        return ActionOf(row) is { } action ? Actions.Count == 0 || Actions.Contains(action) : IsSampled(row.Id);
    }

    /// <summary>What was done; null: nothing, and nothing would have been.</summary>
    internal static EventAction? ActionOf(EventRow row) => row.Verdict switch
    {
        VerdictKind.Allow => row.WouldHave is VerdictKind.Allow ? null : EventAction.Detected,
        VerdictKind.Block => EventAction.Blocked,
        VerdictKind.Limited => EventAction.Limited,
        _ => EventAction.Unavailable,
    };

    /// <summary>The last digits of an id are chance; the first are time.</summary>
    private bool IsSampled(string id) => AllowedPercent switch
    {
        <= 0 => false,
        >= 100 => true,
        _ => uint.TryParse(id.AsSpan(Math.Max(0, id.Length - 8)), NumberStyles.HexNumber, CultureInfo.InvariantCulture,
            out var number) && number % 100 < AllowedPercent,
    };
}

/// <summary>What was done about a request that was stopped, or would have been.</summary>
public enum EventAction
{
    Blocked,
    Limited,
    Unavailable,

    /// <summary>Let through, and would have been stopped in mode Enforce.</summary>
    Detected,
}
