using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Explaining;

/// <summary>
/// What of a policy holds for a path, in the order in which a request meets it. It explains the policy's text; a
/// request with an odd path is decided by the sidecar, in the stricter way (<c>replay</c> shows it). Pure.
/// </summary>
internal static class UrlExplanation
{
    public static Explanation Of(
        WafPolicy policy, IReadOnlyList<WafExclusion> exclusions, string method, string path, DateTimeOffset now)
    {
        var spec = policy.Spec;
        var result = new Explanation(
            $"{method} {path} under WafPolicy {policy.Metadata.Namespace}/{policy.Metadata.Name}")
            .Section("Before inspection");
        foreach (var prefix in spec.AccessLists?.DenyPaths.Where(prefix => Covers(prefix, path)) ?? [])
            result.Say($"denied: accessLists.denyPaths has {prefix}"
                + (spec.Mode is PolicyMode.Enforce ? "" : $" (recorded only: the mode is {spec.Mode})"));
        if (spec.AccessLists is { AllowClients.Count: > 0 } lists)
            result.Say($"only clients of {string.Join(", ", lists.AllowClients.Take(5))} may send it");
        if (spec.AccessLists is { DenyClients.Count: > 0 }) result.Say("clients of accessLists.denyClients are denied");
        if (spec.AccessLists is { BypassClients.Count: > 0 } bypass)
            result.Say($"clients of {string.Join(", ", bypass.BypassClients.Take(5))} are not inspected");
        foreach (var limit in spec.RateLimits.Where(limit => limit.PathPrefix is null || Covers(limit.PathPrefix,
            path)))
            result.Say($"rate limit {limit.Name}: {limit.Requests} in {limit.Period} for each {limit.Key}, in each pod"
                + (limit.DryRun ? " (dry run)" : ""));
        var route = spec.Routes.Where(route => Covers(route.PathPrefix, path)).MaxBy(route => route.PathPrefix.Length);
        var mode = route?.Mode is { } routeMode && routeMode < spec.Mode ? routeMode : spec.Mode;
        result.Section("Inspection")
            .Say(route is null ? "no route is for it: the policy's own settings hold"
                : $"the route {route.PathPrefix} holds")
            .Say(mode switch
            {
                PolicyMode.Off => "mode Off: it passes uninspected, and is counted as such",
                PolicyMode.Detect => "mode Detect: what would be blocked is recorded, and passes",
                _ => "mode Enforce: what is found is blocked",
            });
        if (mode is PolicyMode.Off) return result;
        var body = route?.Body ?? spec.Body ?? new BodyInspectionSpec();
        result.Say($"bodies: {body.Mode}, up to {body.Limit}, beyond that {body.OverLimit}");
        Engines(spec, result);
        result.Section("Exclusions for this path");
        foreach (var exclusion in exclusions.Where(exclusion => Holds(exclusion, policy, method, path)))
            result.Say($"{exclusion.Metadata.Name}: {Taken(exclusion)}"
                + (exclusion.Spec.ExpiresAt <= now ? " (expired: not in force)"
                    : exclusion.Spec.ExpiresAt is { } end ? $", until {end:yyyy-MM-dd}" : "")
                + $" - {exclusion.Spec.Reason}");
        return result;
    }

    /// <summary>A prefix on segment boundaries, as routes are matched.</summary>
    internal static bool Covers(string prefix, string path)
    {
        var bare = prefix.TrimEnd('/');
        return path.StartsWith(bare, StringComparison.Ordinal)
            && (path.Length == bare.Length || path[bare.Length] is '/' or '?');
    }

    private static void Engines(WafPolicySpec spec, Explanation result)
    {
        var rules = spec.Rules ?? new RulesSpec();
        var sets = rules.Sets.Concat(rules.ConfigMaps.Select(map => $"ConfigMap {map}")).ToList();
        var own = string.IsNullOrEmpty(rules.Inline) ? "" : " and own ones";
        result.Say(sets.Count == 0 && own.Length == 0 ? "no rules"
            : $"rules: {string.Join(", ", sets)}{own}, paranoia {rules.Paranoia}, "
                + $"blocked from a score of {rules.InboundThreshold}");
        if (rules.DisabledRules.Count > 0) result.Say($"not loaded: {string.Join(", ", rules.DisabledRules.Take(10))}");
        if (spec.Ml is { Models.Count: > 0 } ml)
        {
            var names = string.Join(", ", ml.Models.Select(model => model.Model));
            result.Say($"models: {names}, mode {ml.Mode ?? spec.Mode}");
        }

        var decision = spec.Decision ?? (spec.Ml is { Models.Count: > 0 } ? DecisionMode.Joint : DecisionMode.Rules);
        result.Say($"decision: {decision}");
    }

    private static bool Holds(WafExclusion exclusion, WafPolicy policy, string method, string path)
    {
        if (exclusion.Spec.Policy != policy.Metadata.Name) return false;
        if (exclusion.Spec.Match is not { } match) return true;
        var isPath = match.Path is not { } pattern
            || (pattern.EndsWith('*') ? path.StartsWith(pattern[..^1], StringComparison.Ordinal) : path == pattern);
        return isPath && (match.Methods.Count == 0 || match.Methods.Contains(method));
    }

    private static string Taken(WafExclusion exclusion)
    {
        var (spec, match) = (exclusion.Spec, exclusion.Spec.Match);
        return string.Join(", ", spec.Rules.Concat(spec.Families.Select(f => f.ToString())).Concat(spec.Models))
            + $" for {match?.Part.ToString() ?? "Any"} {match?.Name}".TrimEnd();
    }
}
