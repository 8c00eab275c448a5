using WafOperator.Protocols.Events;

namespace WafOperator.Console.Store;

/// <summary>Whose events somebody may see.</summary>
public sealed record AccessScope
{
    private AccessScope(string[]? namespaces) => Namespaces = namespaces;

    /// <summary>Those of all namespaces.</summary>
    public static AccessScope All { get; } = new((string[]?)null);

    /// <summary>The namespaces; null for all.</summary>
    public IReadOnlyList<string>? Namespaces { get; }

    /// <summary>There are more, of which nobody has asked yet whether they may be seen.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Those of some namespaces; none of none.</summary>
    public static AccessScope Of(IEnumerable<string> namespaces) =>
        new([.. namespaces.Distinct(StringComparer.Ordinal)]);

    public bool Holds(string ns) => Namespaces is null || Namespaces.Contains(ns, StringComparer.Ordinal);
}

/// <summary>Which events are listed, newest first. What is null does not filter.</summary>
public sealed record EventQuery
{
    /// <summary>Most that a page holds.</summary>
    public const int LimitMax = 500;

    /// <summary>Most words that are looked for together.</summary>
    public const int WordsMax = 8;

    public required AccessScope Scope { get; init; }
    public DateTimeOffset? From { get; init; }
    public DateTimeOffset? To { get; init; }
    public string? Policy { get; init; }
    public string? Client { get; init; }
    public string? Method { get; init; }
    public VerdictKind? Verdict { get; init; }

    /// <summary>Stopped, or would have been.</summary>
    public bool? IsAttack { get; init; }

    /// <summary>Looked at whole.</summary>
    public bool? IsWhole { get; init; }
    public string? Reason { get; init; }
    public string? Kind { get; init; }
    public long? Rule { get; init; }
    public long? Attack { get; init; }
    public ThreatLevel? AtLeast { get; init; }
    public EventLabel? Label { get; init; }

    /// <summary>Words that must all be there, see <see cref="PreparedEvent.Terms"/>.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
    public int Limit { get; init; } = 50;
    public PageCursor? After { get; init; }
}

/// <summary>What somebody reads who reads on.</summary>
/// <param name="After">The last sequence number that the reader has; 0 for the beginning.</param>
/// <param name="Max">Most events that are given.</param>
public sealed record ReadOnQuery(long After, int Max)
{
    /// <summary>Leave out what was allowed.</summary>
    public bool OnlyAttacks { get; init; }

    /// <summary>Events of this namespace; null: of all.</summary>
    public string? Namespace { get; init; }

    /// <summary>The last sequence number that is of interest; null: whatever there is.</summary>
    public long? UpTo { get; init; }
}

/// <summary>Which attacks are listed, those seen last first.</summary>
public sealed record AttackQuery
{
    public required AccessScope Scope { get; init; }
    public DateTimeOffset? From { get; init; }
    public DateTimeOffset? To { get; init; }
    public string? Policy { get; init; }
    public string? Kind { get; init; }
    public EventLabel? Label { get; init; }

    /// <summary>Text in route, parameter or policy.</summary>
    public string? Text { get; init; }
    public int Limit { get; init; } = 50;
    public PageCursor? After { get; init; }
}

/// <summary>Traffic of one namespace and policy within a stretch of time.</summary>
public sealed record TrafficRow(
    DateTimeOffset Start, string Namespace, string Policy, VerdictKind Verdict, VerdictKind WouldHave, string Reason,
    bool IsWhole, long Count);

/// <summary>What somebody said about an event: data, with who and when; a later one revokes an earlier one.</summary>
/// <param name="Namespace">Namespace of the event: ids are unique within one.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Label">What it is said to be.</param>
/// <param name="By">Who said so.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why, or null.</param>
public sealed record LabelEntry(
    string Namespace, string EventId, EventLabel Label, string By, DateTimeOffset At, string? Reason);

/// <summary>State of the store, for health pages.</summary>
/// <param name="Kind"><c>sqlite</c> or <c>postgresql</c>.</param>
/// <param name="Events">Events kept, estimated by the database's own statistics where it has them.</param>
/// <param name="Bytes">Bytes on disk.</param>
/// <param name="Connections">Connections to the database; 0 where there are none.</param>
/// <param name="Oldest">Beginning of the oldest day that is kept.</param>
public sealed record StoreState(string Kind, long Events, long Bytes, int Connections, DateTimeOffset? Oldest)
{
    /// <summary>Bytes that are kept; the oldest events go beyond. 0: no bound.</summary>
    public long KeepBytes { get; init; }

    /// <summary>Events that went before their time, as there was no room for them.</summary>
    public long Dropped { get; init; }

    /// <summary>When the last of them went; null: none did.</summary>
    public DateTimeOffset? LastDropped { get; init; }
}
