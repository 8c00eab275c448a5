using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Analysis;

/// <summary>What a policy or exclusion says validly and perhaps does not mean. Pure.</summary>
internal static class PolicyAdvice
{
    private const int ManyRules = 20;
    private const int ParanoiaThatNeedsTuning = 3;

    /// <summary>Code and sentence for each thing.</summary>
    public static IEnumerable<(AnalysisSeverity Severity, string Code, string Message)> Of(WafPolicy policy)
    {
        var spec = policy.Spec;
        if (spec.Mode is PolicyMode.Off)
            yield return (AnalysisSeverity.Warning, "mode-off", "spec.mode is Off: nothing is inspected");
        if (spec.TargetRefs.Count == 0)
            yield return (AnalysisSeverity.Advice, "no-target",
                "spec.targetRefs is empty: only pods that name the policy in wafoperator.dev/policy run it");
        foreach (var route in spec.Routes.Where(route => route.Mode is PolicyMode.Off))
            yield return (route.PathPrefix.Trim('/').Length == 0 ? AnalysisSeverity.Warning : AnalysisSeverity.Advice,
                "route-off", $"spec.routes: {route.PathPrefix} is Off: nothing below it is inspected");
        foreach (var network in Everybody(spec.AccessLists?.BypassClients))
            yield return (AnalysisSeverity.Warning, "bypass-everybody",
                $"spec.accessLists.bypassClients: {network} is everybody: nothing is inspected");
        foreach (var network in Everybody(spec.ClientIdentity?.TrustedProxies))
            yield return (AnalysisSeverity.Warning, "trusts-everybody",
                $"spec.clientIdentity.trustedProxies: {network} is everybody: clients choose their own address");
        if (spec.ClientIdentity is not { TrustedProxies.Count: > 0 } && CountsClients(spec))
            yield return (AnalysisSeverity.Advice, "no-trusted-proxy",
                "it counts or lists clients and believes no proxy: behind an ingress all have the ingress's address");
        foreach (var found in OfInspection(spec)) yield return found;
    }

    /// <summary>The same for an exclusion.</summary>
    public static IEnumerable<(AnalysisSeverity Severity, string Code, string Message)> Of(WafExclusion exclusion)
    {
        var spec = exclusion.Spec;
        if (spec.ExpiresAt is null)
            yield return (AnalysisSeverity.Advice, "endless",
                "spec.expiresAt is not set: nobody will look at it again");
        if (spec.Match?.Path is null or "/*")
            yield return (AnalysisSeverity.Advice, "all-paths", "spec.match.path: it holds for every path");
        if (spec.Match is null or { Part: RequestPartKind.Any, Name: null })
            yield return (AnalysisSeverity.Advice, "all-parts",
                "spec.match names no part: what it takes away is taken from the whole request");
    }

    private static IEnumerable<(AnalysisSeverity, string, string)> OfInspection(WafPolicySpec spec)
    {
        var isEnforcing = spec.Mode is PolicyMode.Enforce;
        if (isEnforcing && spec.FailureModes?.Uninspected is UninspectedAction.Record)
            yield return (AnalysisSeverity.Warning, "uninspected-passes",
                "spec.failureModes.uninspected is Record: what a client hides from inspection passes");
        if (isEnforcing && spec.Body is { Mode: BodyInspectionMode.HeadersOnly })
            yield return (AnalysisSeverity.Warning, "bodies-unseen",
                "spec.body.mode is HeadersOnly: bodies pass unseen");
        if (isEnforcing && spec.Body is { OverLimit: BodyOverLimit.ProcessPartial })
            yield return (AnalysisSeverity.Warning, "body-rest-unseen",
                $"spec.body.overLimit is ProcessPartial: what is behind the first {spec.Body.Limit} passes unseen");
        if (spec.Rules is { Sets.Count: 0, ConfigMaps.Count: 0, Inline: null or "" }
            && spec.Ml is not { Models.Count: > 0 })
            yield return (AnalysisSeverity.Warning, "no-engine",
                "it has neither rules nor models: nothing is inspected");
        if (spec.Rules is { ConfigMapTrust: ConfigMapTrust.Full, ConfigMaps.Count: > 0 })
            yield return (AnalysisSeverity.Warning, "rule-files-trusted",
                "spec.rules.configMapTrust is Full: pin the ConfigMaps with configMapDigests instead");
        if (isEnforcing && spec.Rules is { Paranoia: >= ParanoiaThatNeedsTuning, DisabledRules.Count: 0 } rules)
            yield return (AnalysisSeverity.Advice, "paranoia-untuned",
                $"spec.rules.paranoia {rules.Paranoia} blocks much that is harmless until it is tuned: Detect first");
        if (spec.Rules is { DisabledRules.Count: > ManyRules } many)
            yield return (AnalysisSeverity.Advice, "many-disabled",
                $"spec.rules.disabledRules has {many.DisabledRules.Count} entries: exclusions for one path each "
                    + "cost less protection");
    }

    private static bool CountsClients(WafPolicySpec spec) => spec.Behaviour is not null
        || spec.RateLimits.Any(limit => limit.Key is RateLimitKey.Client)
        || spec.AccessLists is { DenyClients.Count: > 0 } or { AllowClients.Count: > 0 }
            or { BypassClients.Count: > 0 } or { DenyFeeds.Count: > 0 };

    private static IEnumerable<string> Everybody(IReadOnlyList<string>? networks) =>
        (networks ?? []).Where(network => network.EndsWith("/0", StringComparison.Ordinal));
}
