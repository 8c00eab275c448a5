using WafOperator.Protocols.Events;

namespace WafOperator.Console.Store;

/// <summary>How serious an event is, in the words that alerts and filters use.</summary>
public enum ThreatLevel
{
    None,
    Low,
    Medium,
    High,
    Critical,
}

/// <summary>What a person said about an event or an attack.</summary>
public enum EventLabel
{
    None,

    /// <summary>It was an attack.</summary>
    Attack,

    /// <summary>It was ordinary traffic: a false positive where it was blocked.</summary>
    Benign,
}

/// <summary>
/// An event with what intake derives from it. All names are bounded: they come from clients by way of a sidecar.
/// </summary>
public sealed record PreparedEvent
{
    public required SecurityEvent Event { get; init; }

    /// <summary>The event's id as 16 bytes.</summary>
    public required byte[] Id { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long At { get; init; }

    /// <summary>The path with what differs from request to request replaced, such as <c>/orders/{n}</c>.</summary>
    public required string Route { get; init; }

    /// <summary>Kind of attack, out of a closed list; empty for what is none.</summary>
    public required string Kind { get; init; }

    /// <summary>Part of the request that it is about, such as <c>ARGS:q</c>; may be empty.</summary>
    public required string Parameter { get; init; }
    public required ThreatLevel Threat { get; init; }

    /// <summary>Reasons why something was not looked at, a bit each.</summary>
    public required long Uninspected { get; init; }

    /// <summary>Words that a search finds it by, in lower case; without duplicates.</summary>
    public required IReadOnlyList<string> Terms { get; init; }

    /// <summary>The event as JSON.</summary>
    public required byte[] Json { get; init; }

    /// <summary>It was stopped, or would have been.</summary>
    public bool IsAttack => Event.Verdict is not VerdictKind.Allow || Event.WouldHave is not VerdictKind.Allow;

    /// <summary>All that the policy reads was read.</summary>
    public bool IsWhole => Event.Coverage?.IsWhole ?? true;

    /// <summary>The term of a rule that matched. No text of a request has it: its words begin with no colon.</summary>
    public static string TermOfRule(long id) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{id}");
}

/// <summary>One line of a list of events.</summary>
public sealed record EventRow
{
    /// <summary>Order of arrival, for those that read on.</summary>
    public long Sequence { get; init; }
    public required string Id { get; init; }
    public DateTimeOffset Time { get; init; }
    public required string Namespace { get; init; }
    public required string Policy { get; init; }
    public required string Client { get; init; }
    public required string Method { get; init; }
    public string? Host { get; init; }
    public required string Path { get; init; }
    public VerdictKind Verdict { get; init; }
    public VerdictKind WouldHave { get; init; }
    public required string Reason { get; init; }
    public int StatusCode { get; init; }
    public string Kind { get; init; } = "";
    public string Parameter { get; init; } = "";
    public ThreatLevel ThreatLevel { get; init; }
    public double? Score { get; init; }
    public int AnomalyScore { get; init; }
    public bool IsWhole { get; init; }
    public long? Attack { get; init; }
    public EventLabel Label { get; init; }
}

/// <summary>An event with everything that is known of it.</summary>
public sealed record StoredEvent(EventRow Row, SecurityEvent Event);

/// <summary>A page of a list, and where the next one begins; null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What became of a batch.</summary>
/// <param name="Added">Events that are new.</param>
/// <param name="Duplicates">Events that were there.</param>
public readonly record struct AddResult(int Added, int Duplicates);
