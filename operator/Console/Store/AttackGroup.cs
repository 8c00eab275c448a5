namespace WafOperator.Console.Store;

/// <summary>What makes events one attack, within an hour of each other.</summary>
public readonly record struct AttackKey(string Namespace, string Policy, string Kind, string Route, string Parameter)
{
    /// <summary>Route and parameter of the group that takes the rest when a namespace has too many.</summary>
    public const string Rest = "*";
}

/// <summary>Events of one key with less than an hour between them: one row, however many there are.</summary>
public sealed record AttackGroup
{
    public long Id { get; init; }
    public required AttackKey Key { get; init; }
    public DateTimeOffset First { get; init; }
    public DateTimeOffset Last { get; init; }
    public long Events { get; init; }

    /// <summary>Those that were stopped; the others would have been.</summary>
    public long Stopped { get; init; }

    /// <summary>Distinct clients, estimated in fixed memory: exact for a few, 5 % off for thousands.</summary>
    public long Clients { get; init; }
    public ThreatLevel Worst { get; init; }

    /// <summary>Rules that matched most often, with their counts; at most <see cref="RulesMax"/>.</summary>
    public IReadOnlyDictionary<string, long> Rules { get; init; } = new Dictionary<string, long>();

    /// <summary>Id of the event that was seen last.</summary>
    public required string Sample { get; init; }
    public EventLabel Label { get; init; }

    /// <summary>Rules that are counted for one group.</summary>
    public const int RulesMax = 16;

    /// <summary>Events further apart are two attacks.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromHours(1);

    /// <summary>Groups of one namespace within an hour; what is beyond is one group of the kind.</summary>
    public const int OpenPerNamespaceMax = 1_000;
}
