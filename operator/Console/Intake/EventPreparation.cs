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
    private const int ClientMax = 64;
    private const int MethodMax = 32;
    private const int HostMax = 256;
    private const int PathMax = 512;
    private const int TextMax = 512;
    private const int ListMax = 64;

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
            _ when received.Namespace.Length is 0 or > NameMax => "namespace",
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

    private static SecurityEvent Bounded(SecurityEvent received) => received with
    {
        // The store keeps milliseconds; what is shown is what is kept.
        Time = DateTimeOffset.FromUnixTimeMilliseconds(received.Time.ToUnixTimeMilliseconds()),
        Policy = Clean(received.Policy, NameMax),
        Revision = Clean(received.Revision, NameMax),
        Pod = CleanOrNull(received.Pod, NameMax),
        Client = Clean(received.Client, ClientMax),
        Method = Clean(received.Method, MethodMax),
        Path = Clean(received.Path, PathMax),
        Host = CleanOrNull(received.Host, HostMax),
        Reason = AttackKinds.Reasons.Contains(received.Reason) ? received.Reason : "Other",
        Message = CleanOrNull(received.Message, TextMax),
        Risk = CleanOrNull(received.Risk, MethodMax),
        Score = received.Score is { } score && double.IsFinite(score) ? Math.Clamp(score, 0, 1) : null,
        RuleEvidence = double.IsFinite(received.RuleEvidence) ? received.RuleEvidence : 0,
        Rules = [.. (received.Rules ?? []).Take(ListMax).Select(Bounded)],
        Models = [.. (received.Models ?? []).Take(ListMax).Select(Bounded)],
        Exclusions = [.. (received.Exclusions ?? []).Take(ListMax).Select(name => Clean(name, NameMax))],
        Coverage = received.Coverage is { } coverage ? Bounded(coverage) : null,
    };

    private static RuleMatch Bounded(RuleMatch rule) => rule with
    {
        Message = CleanOrNull(rule.Message, TextMax),
        Severity = CleanOrNull(rule.Severity, MethodMax),
        Variable = CleanOrNull(rule.Variable, HostMax),
        Data = CleanOrNull(rule.Data, 4 * TextMax),
        Tags = [.. (rule.Tags ?? []).Take(ListMax).Select(tag => Clean(tag, HostMax))],
    };

    private static ModelResult Bounded(ModelResult model) => model with
    {
        Model = Clean(model.Model, NameMax),
        Version = Clean(model.Version, NameMax),
        Score = double.IsFinite(model.Score) ? model.Score : 0,
        Outcome = Clean(model.Outcome, MethodMax),
        Arm = CleanOrNull(model.Arm, MethodMax),
        Family = CleanOrNull(model.Family, MethodMax),
        Part = CleanOrNull(model.Part, HostMax),
        Excerpt = CleanOrNull(model.Excerpt, 4 * TextMax),
    };

    private static InspectionCoverage Bounded(InspectionCoverage coverage) => coverage with
    {
        Uninspected = [.. (coverage.Uninspected ?? []).Where(Enum.IsDefined).Distinct()],
        Limits = [.. (coverage.Limits ?? []).Take(ListMax).Select(limit => Clean(limit, ClientMax))],
    };

    private static long Bits(InspectionCoverage? coverage)
    {
        long bits = 0;
        foreach (var reason in coverage?.Uninspected ?? []) bits |= 1L << (int)reason;
        return bits;
    }

    private static string? CleanOrNull(string? text, int max) => string.IsNullOrEmpty(text) ? null : Clean(text, max);

    /// <summary>Bounded, without NUL, which PostgreSQL keeps in no text, and without half a surrogate pair.</summary>
    private static string Clean(string? text, int max)
    {
        if (text is null) return "";
        if (text.Length > max) text = text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)];
        return text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
    }
}
