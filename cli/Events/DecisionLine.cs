using System.Text.Json;
using WafOperator.Cli.Running;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Recordings;

namespace WafOperator.Cli.Events;

/// <summary>
/// A line of a sidecar's output as a decision. Whoever may run a pod writes what he likes there: what lacks a part is
/// no decision. Pure.
/// </summary>
internal static class DecisionLine
{
    /// <summary>Characters of a line: sidecars write no longer ones.</summary>
    public const int LengthMax = EventBounds.LineBytesMax;

    /// <summary>The decision; null for any other line.</summary>
    public static SecurityEvent? Read(BoundedLine line)
    {
        if (!line.IsWhole || !line.Text.StartsWith('{')) return null;
        try
        {
            return JsonSerializer.Deserialize(line.Text, ProtocolJson.Default.SecurityEvent) is { } decision
                && decision.Format == SecurityEvent.FormatVersion && IsComplete(decision)
                ? EventBounds.Bound(decision) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>No text that must be there, and no element of a list, is null.</summary>
    private static bool IsComplete(SecurityEvent decision) =>
        decision is
        {
            Id: not null, Namespace: not null, Policy: not null, Revision: not null, Client: not null,
            Method: not null, Path: not null, Reason: not null, Behaviour: null or { Action: not null },
        }
        && decision.Rules.All(rule => rule is not null)
        && decision.Models.All(model => model is { Model: not null, Version: not null, Outcome: not null })
        && decision.Exclusions.All(name => name is not null);
}
