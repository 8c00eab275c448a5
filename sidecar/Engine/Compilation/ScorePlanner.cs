using System.Text;
using WafOperator.Engine.Actions;
using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Finds out what anomaly scoring a rule takes part in, as OWASP CRS 2 to 4 and sets made like it do it: rules add to
/// TX variables named <c>…anomaly_score</c> or <c>…anomaly_score_pl1</c>, and one rule at the end compares their sum
/// with a threshold and denies. No ids are needed for that.
/// </summary>
internal static class ScorePlanner
{
    private const string Score = "anomaly_score";
    private const string LevelSuffix = Score + "_pl";
    private const string Outbound = "outbound";

    /// <summary>Fills the rule's part in scoring; its lightness must be known.</summary>
    public static void Plan(CompiledRule head, NameTable names)
    {
        head.Class = RuleClasses.Of(head);
        head.JudgesScore = head is { IsLight: true, Phase: 1 or 2 }
            && head.Disruption is Disruption.Deny or Disruption.Drop or Disruption.Redirect
            && Links(head).All(link => link.Targets.All(target => target.Variable == VariableId.Tx))
            && Links(head).Any(link => IsComparison(link) && link.Targets.Any(target => IsScore(target.Slot, names)));
        if (head.IsLight) return;
        head.Scores =
        [
            .. Links(head).SelectMany(link => link.Actions).OfType<SetVariable>()
                .Where(action => action.Adds && IsScore(action.Slot, names)).Select(action => action.Slot).Distinct()
                .Select(slot => new ScoreSlot(slot, LevelOf(slot, names))),
        ];
        head.CountsAsStanding = head is { Class: RuleClass.Standing, Phase: <= 2, Scores.Length: > 0 };
        head.IsEvidence = head.Phase <= 2 && head.Class == RuleClass.Attack
            && (head.Scores.Length > 0 || head.IsLogged || head.IsAudited);
    }

    private static IEnumerable<CompiledRule> Links(CompiledRule head)
    {
        for (var link = head; link is not null; link = link.Next) yield return link;
    }

    private static bool IsComparison(CompiledRule link) => link is { IsNegated: false, Operator: NumberOperator
    {
        Comparison.Relation: NumberRelation.GreaterOrEqual or NumberRelation.Greater,
    } };

    private static bool IsScore(int slot, NameTable names) => slot >= 0 && NameOf(slot, names) is var name
        && name.Contains(Score, StringComparison.Ordinal) && !name.Contains(Outbound, StringComparison.Ordinal);

    private static int LevelOf(int slot, NameTable names)
    {
        var name = NameOf(slot, names);
        var at = name.LastIndexOf(LevelSuffix, StringComparison.Ordinal);
        var isLast = at >= 0 && at + LevelSuffix.Length == name.Length - 1;
        return isLast && name[^1] is >= '1' and <= '4' ? name[^1] - '0' : 0;
    }

    private static string NameOf(int slot, NameTable names) =>
        Encoding.Latin1.GetString(names.NameOf(slot)).ToLowerInvariant();
}
