using System.Collections.Frozen;

namespace WafOperator.Protocols.Events;

/// <summary>The reasons of decisions (<see cref="SecurityEvent.Reason"/>), the same everywhere.</summary>
public static class EventReasons
{
    /// <summary>What stands for a reason that is none of the list.</summary>
    public const string Other = "Other";

    /// <summary>Reasons as sidecars name them.</summary>
    public static FrozenSet<string> All { get; } = FrozenSet.Create(
        StringComparer.Ordinal,
        "None", "Rules", "Model", "RateLimit", "AccessList", "Limit", "Protocol", "Unavailable", "Uninspected", "Off",
        "Behaviour", "Schema");

    /// <summary>Whether a text, which may be null whatever the type says, is one of them.</summary>
    public static bool IsKnown(string? reason) => reason is not null && All.Contains(reason);
}
