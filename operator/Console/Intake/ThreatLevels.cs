using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Intake;

/// <summary>How serious an event is. Pure.</summary>
public static class ThreatLevels
{
    /// <summary>
    /// The risk that models and rules gave it; without one, by what was decided and how severe the rules are.
    /// </summary>
    public static ThreatLevel Of(SecurityEvent e)
    {
        var byRisk = e.Risk is { } risk && Enum.TryParse<ThreatLevel>(risk, ignoreCase: true, out var level)
            && Enum.IsDefined(level) ? level : ThreatLevel.None;
        var byVerdict = e.Verdict is VerdictKind.Allow && e.WouldHave is VerdictKind.Allow
            ? e.Rules.Count > 0 ? ThreatLevel.Low : ThreatLevel.None
            : OfStopped(e);
        return byRisk > byVerdict ? byRisk : byVerdict;
    }

    private static ThreatLevel OfStopped(SecurityEvent e) => e.Reason switch
    {
        "Rules" or "Model" => e.Rules.Any(IsCritical) ? ThreatLevel.High : ThreatLevel.Medium,
        "Unavailable" => ThreatLevel.Low,
        _ => ThreatLevel.Medium,
    };

    private static bool IsCritical(RuleMatch rule) =>
        rule.Severity is { } severity && (severity.Equals("Critical", StringComparison.OrdinalIgnoreCase)
            || severity.Equals("Alert", StringComparison.OrdinalIgnoreCase)
            || severity.Equals("Emergency", StringComparison.OrdinalIgnoreCase));
}
