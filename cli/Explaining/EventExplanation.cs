using System.Globalization;
using WafOperator.Policies.Exclusions;
using WafOperator.Protocols.Events;

namespace WafOperator.Cli.Explaining;

/// <summary>A decision in sentences. Pure.</summary>
internal static class EventExplanation
{
    public static Explanation Of(SecurityEvent decision, DateTimeOffset now)
    {
        var result = new Explanation($"event {decision.Id}")
            .Section("What happened")
            .Say($"{decision.Time:yyyy-MM-dd HH:mm:ss} UTC: {decision.Client} sent {decision.Method} {decision.Path}"
                + (decision.Host is null ? "" : $" to {decision.Host}"))
            .Say($"WafPolicy {decision.Namespace}/{decision.Policy}, revision {decision.Revision}"
                + (decision.Pod is null ? "" : $", pod {decision.Pod}"))
            .Say(decision.Verdict is VerdictKind.Allow && decision.WouldHave is not VerdictKind.Allow
                ? $"it passed, since the policy detects; Enforce would have answered with {decision.WouldHave}"
                : $"verdict {decision.Verdict}, status {decision.StatusCode}")
            .Section("Why")
            .Say($"decided by {decision.Reason}: {decision.Message}")
            .Say(decision.AnomalyScore > 0 ? $"anomaly score of the rules: {decision.AnomalyScore}" : null)
            .Say(decision.Score is { } score ? string.Create(CultureInfo.InvariantCulture,
                $"joint score of models and rules: {score:0.000} (risk {decision.Risk ?? "none"}); rules added "
                + $"{decision.RuleEvidence:0.##} to it") : null)
            .Say(decision.Behaviour is { } past ? string.Create(CultureInfo.InvariantCulture,
                $"what the client did before: risk {past.Risk:0.00} by {past.By}, which means {past.Action}") : null)
            .Section("Rules that matched");
        foreach (var rule in decision.Rules)
            result.Say($"{rule.Id} {rule.Message}" + (rule.Variable is null ? "" : $" in {rule.Variable}")
                + (rule.Data is null ? "" : $": {rule.Data}"));
        result.Section("Models");
        foreach (var model in decision.Models)
            result.Say(string.Create(CultureInfo.InvariantCulture, $"{model.Model} {model.Version}: {model.Outcome}, "
                + $"score {model.Score:0.000}") + (model.Part is null ? "" : $" in {model.Part}")
                + (model.Excerpt is null ? "" : $": {model.Excerpt}"));
        result.Section("What was looked at");
        if (decision.Coverage is { } coverage)
            result.Say(coverage.IsWhole ? $"all of it: {coverage.Bytes} bytes in {coverage.Parts} parts"
                : $"{coverage.BytesInspected} of {coverage.Bytes} bytes; not the rest, for "
                    + string.Join(", ", coverage.Uninspected) + " (docs/coverage.md)");
        if (decision.Exclusions.Count > 0) result.Say($"exclusions in force: {string.Join(", ", decision.Exclusions)}");
        if (decision is { Verdict: VerdictKind.Allow, WouldHave: VerdictKind.Allow }) return result;
        result.Section("If it was harmless");
        var proposal = ExclusionProposal.Of(decision, null, "false positive", now);
        return proposal.Exclusion is { } exclusion
            ? result.Say($"exclude {string.Join(", ", exclusion.Spec.Rules.Concat(exclusion.Spec.Models))} for "
                + $"{exclusion.Spec.Match?.Part} {exclusion.Spec.Match?.Name} of {exclusion.Spec.Match?.Path}: "
                + "kubectl waf tune --min-clients 1 -o yaml")
            : result.Say(proposal.Problem);
    }
}
