using System.Net;
using System.Text.Json;
using WafOperator.Console.Store;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Intake;

/// <summary>
/// An event as a sidecar sent it → what is stored: bounded, cleaned, with route, kind, threat level and search terms.
/// Pure. A sidecar may be in an attacker's hands; nothing that it says grows anything without a bound.
/// </summary>
public static class EventPreparation
{
    /// <summary>Clocks of nodes differ; an event from further ahead is refused.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(5);

    private const int IdLength = 32;
    private const int NameMax = 253;

    /// <summary>The prepared event, or null with the reason why it is not stored.</summary>
    /// <param name="received">The event; its namespace is the one that the caller was authenticated for.</param>
    /// <param name="now">The time.</param>
    /// <param name="keepFor">Older events are refused: their day is gone.</param>
    /// <param name="refusal">A stable word for the reason.</param>
    public static PreparedEvent? Prepare(
        SecurityEvent received, DateTimeOffset now, TimeSpan keepFor, out string? refusal)
    {
        refusal = received switch
        {
            { Format: not SecurityEvent.FormatVersion } => "format",
            _ when !IsId(received.Id) => "id",
            _ when received.Time > now + AheadMax => "future",
            _ when received.Time < now - keepFor => "old",
            _ when received.Namespace is not { Length: > 0 and <= NameMax } => "namespace",
            _ when !Enum.IsDefined(received.Verdict) || !Enum.IsDefined(received.WouldHave) => "verdict",
            _ => null,
        };
        if (refusal is not null) return null;

        var kept = Bounded(received);
        var kind = AttackKinds.Of(kept);
        var route = RouteTemplate.Of(kept.Path);
        var parameter = AttackKinds.ParameterOf(kept);
        return new PreparedEvent
        {
            Event = kept,
            Id = Convert.FromHexString(kept.Id),
            At = kept.Time.ToUnixTimeMilliseconds(),
            Route = route,
            Kind = kind,
            Parameter = parameter,
            Threat = ThreatLevels.Of(kept),
            Uninspected = Bits(kept.Coverage),
            Terms = SearchTerms.Of(kept, kind),
            Json = JsonSerializer.SerializeToUtf8Bytes(kept, ProtocolJson.Default.SecurityEvent),
        };
    }

    /// <summary>Whether a text is an event's id.</summary>
    public static bool IsId(string? id) => id is { Length: IdLength } && id.All(char.IsAsciiHexDigitLower);

    private static SecurityEvent Bounded(SecurityEvent received)
    {
        var bounded = EventBounds.Bound(received);
        return bounded with
        {
            // The store keeps milliseconds; what is shown is what is kept.
            Time = DateTimeOffset.FromUnixTimeMilliseconds(received.Time.ToUnixTimeMilliseconds()),
            Client = WithoutZone(bounded.Client),
        };
    }

    /// <summary>An address as every other program takes it: a zone (<c>fe80::1%eth0</c>) means something on the node
    /// only.</summary>
    private static string WithoutZone(string client) =>
        client.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(client[..client.IndexOf('%')], out _)
            ? client[..client.IndexOf('%')] : client;

    private static long Bits(InspectionCoverage? coverage)
    {
        long bits = 0;
        foreach (var reason in coverage?.Uninspected ?? []) bits |= 1L << (int)reason;
        return bits;
    }
}
