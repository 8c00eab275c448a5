using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Snapshots;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// Which exclusions changed a decision of the rules: the request goes through the rules once more without them, and the
/// decision is compared. Only for requests from which an exclusion left something out that would have been tested, so
/// ordinary traffic pays nothing.
/// </summary>
internal static class ExclusionEffect
{
    /// <summary>Exclusions that are tried one by one; beyond, all that took part count.</summary>
    private const int TriedMax = 8;

    /// <summary>Names of the exclusions that took part in the rules' verdict.</summary>
    public static IEnumerable<string> Applied(PolicySnapshot snapshot, RuleStage rules) => rules.MatchedIds
        .Where(snapshot.ExclusionRules.ContainsKey).Select(id => snapshot.ExclusionRules[id])
        .Distinct(StringComparer.Ordinal);

    /// <summary>Names of those without which the request would have been decided otherwise.</summary>
    /// <param name="snapshot">The policy.</param>
    /// <param name="rules">The request's rules, run.</param>
    /// <param name="inputs">What the decision rested on.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="start">Begins the request's rules anew, without those of these ids.</param>
    public static IReadOnlyList<string> ChangedBy(
        PolicySnapshot snapshot, RuleStage rules, in DecisionInputs inputs, in Decision decision,
        Func<IReadOnlySet<long>, RuleStage> start)
    {
        if (!rules.HasSuppressed || inputs.Rules.Kind is not RuleOutcomeKind.Passed) return [];
        var applied = Applied(snapshot, rules).ToList();
        // Where models have a say, the trial is what rules alone would do: with exclusions and without them.
        if (applied.Count > 0 && snapshot.DefersScore && Differs(inputs, decision, start, new HashSet<long>()))
            return [];
        if (applied.Count == 0 || !Differs(inputs, decision, start, IdsOf(snapshot, applied))) return [];
        if (applied.Count is 1 or > TriedMax) return applied;
        var alone = new List<string>();
        foreach (var name in applied)
        {
            if (Differs(inputs, decision, start, IdsOf(snapshot, [name]))) alone.Add(name);
        }

        return alone.Count > 0 ? alone : applied;
    }

    private static bool Differs(
        in DecisionInputs inputs, in Decision decision, Func<IReadOnlySet<long>, RuleStage> start,
        IReadOnlySet<long> without)
    {
        using var trial = start(without);
        var outcome = trial.RequestHead();
        if (outcome.Kind is RuleOutcomeKind.Passed) outcome = trial.RequestBody();
        if (outcome.Kind is RuleOutcomeKind.Failed) return false;
        var other = Decider.Decide(inputs with { Rules = outcome });
        return (other.Verdict, other.WouldHave) != (decision.Verdict, decision.WouldHave);
    }

    private static HashSet<long> IdsOf(PolicySnapshot snapshot, List<string> names) =>
        [.. snapshot.ExclusionRules.Where(rule => names.Contains(rule.Value)).Select(rule => rule.Key)];
}
