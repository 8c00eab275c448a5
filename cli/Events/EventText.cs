using System.Globalization;
using WafOperator.Cli.Output;
using WafOperator.Protocols.Events;

namespace WafOperator.Cli.Events;

/// <summary>A decision on one line. Pure.</summary>
internal static class EventText
{
    private const int RulesShown = 4;

    public static string Line(SecurityEvent decision, Paint paint)
    {
        var verdict = decision.Verdict is VerdictKind.Allow && decision.WouldHave is not VerdictKind.Allow
            ? paint.Warning($"would {decision.WouldHave}") : decision.Verdict is VerdictKind.Allow
                ? paint.Good("Allow") : paint.Bad(decision.Verdict.ToString());
        return string.Create(CultureInfo.InvariantCulture, $"{decision.Time:HH:mm:ss} {verdict} ")
            + PlainText.Of(
                $"{decision.Namespace}/{decision.Policy} {decision.Client} {decision.Method} {decision.Path}", 300)
            + $" {PlainText.Of(decision.Reason, 64)}{Found(decision)} {paint.Weak(PlainText.Of(decision.Id, 64))}";
    }

    /// <summary>Rules and score, as a few words.</summary>
    public static string Found(SecurityEvent decision)
    {
        var rules = decision.Rules.Select(rule => rule.Id).Distinct().ToList();
        var text = rules.Count == 0 ? "" : " rules " + string.Join(',', rules.Take(RulesShown))
            + (rules.Count > RulesShown ? $",+{rules.Count - RulesShown}" : "");
        return decision.Score is { } score
            ? text + string.Create(CultureInfo.InvariantCulture, $" score {score:0.000}") : text;
    }
}
