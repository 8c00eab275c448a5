using WafOperator.Policies.Exclusions;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// WafPolicy, its exclusions, models and pools → the document that sidecars run. Pure: the same inputs give the same
/// bytes, and so the same revision. The inputs were validated (<c>ResourceValidator</c>); what only shows across
/// objects becomes a finding.
/// </summary>
public static class PolicyCompiler
{
    /// <summary>Compiles one policy.</summary>
    public static PolicyCompilation Compile(PolicyInputs inputs)
    {
        var findings = new List<Finding>();
        var apis = new List<CompiledApi>();
        // Said last: a stray line of somebody's list hides nothing about the policy's own rules.
        var ofFeeds = new List<Finding>();
        var feeds = new FeedCompiler(inputs, ofFeeds);
        var exclusions = ActiveExclusions(inputs, findings, out var recompileAt);
        var spec = inputs.Policy.Spec;
        BodyRoom.Check(spec, findings);
        var document = new PolicyDocument
        {
            Namespace = inputs.Policy.Metadata.Namespace ?? "default",
            Name = inputs.Policy.Metadata.Name ?? "",
            Generation = inputs.Policy.Metadata.Generation ?? 0,
            Mode = ModeOf(spec.Mode),
            Decision = DecisionOf(spec),
            ClientIdentity = TrafficCompiler.ClientIdentityOf(spec.ClientIdentity),
            AccessLists = TrafficCompiler.AccessListsOf(spec.AccessLists) with
            {
                DenyFeeds = feeds.Compile(),
            },
            RateLimits = [.. spec.RateLimits.Select(TrafficCompiler.RateLimitOf)],
            Logins = spec.Logins.Count == 0 ? null : [.. spec.Logins.Select(TrafficCompiler.LoginOf)],
            Head = TrafficCompiler.HeadOf(spec.Head),
            Body = TrafficCompiler.BodyOf(spec.Body) ?? new(),
            Routes = [.. spec.Routes.Select(route => TrafficCompiler.RouteOf(route, spec.Mode))],
            Rules = RuleSourceCompiler.Compile(spec.Rules ?? new(), exclusions, inputs.RuleFiles, findings),
            Ml = spec.Ml is { } ml ? ModelCompiler.Compile(inputs, ml, findings) : null,
            Behaviour = BehaviourCompiler.Compile(inputs, findings),
            Sharing = SharingCompiler.Compile(inputs, findings),
            Exclusions = [.. exclusions.Select(ExclusionOf)],
            CodeFields = CodeFieldCompiler.Compile(spec),
            ApiSchemas = ApiSchemaCompiler.Compile(inputs, findings, apis),
            FailureModes = TrafficCompiler.FailureModesOf(spec.FailureModes),
            BlockResponse = TrafficCompiler.BlockResponseOf(spec.BlockResponse),
            Logging = TrafficCompiler.LoggingOf(spec.Logging),
            Upstream = TrafficCompiler.UpstreamOf(spec.Upstream),
        };
        findings.AddRange(ofFeeds);
        if (feeds.ChangesAt < (recompileAt ?? DateTimeOffset.MaxValue)) recompileAt = feeds.ChangesAt;
        var failed = findings.Any(finding => finding.Severity == FindingSeverity.Error);
        return new()
        {
            Document = failed ? null : PolicyRevision.Seal(document),
            Findings = findings,
            // Of a policy that was not taken, none is in force anew.
            Apis = failed ? [] : apis,
            ApiGenerations = ApiSchemaCompiler.Generations(inputs),
            Feeds = failed ? [] : feeds.InForce,
            Weakenings = [.. exclusions.Select(e => ExclusionBounds.Weakening(e, spec)).OfType<string>()],
            RuleFilesMayWeaken = spec.Rules is { ConfigMapTrust: ConfigMapTrust.Full, ConfigMaps.Count: > 0 },
            RecompileAt = recompileAt,
        };
    }

    /// <summary>The lower of two modes: a part never does more than the policy's ceiling.</summary>
    internal static InspectionMode Ceiling(PolicyMode mode, PolicyMode ceiling) =>
        ModeOf(mode < ceiling ? mode : ceiling);

    /// <summary>
    /// Who decides: what the policy says, else rules and models together as soon as models are named.
    /// </summary>
    internal static DecisionKind DecisionOf(WafPolicySpec spec) => ByName.Of<DecisionKind>(
        spec.Decision ?? (spec.Ml is { Models.Count: > 0 } ? DecisionMode.Joint : DecisionMode.Rules));

    internal static InspectionMode ModeOf(PolicyMode mode) => mode switch
    {
        PolicyMode.Off => InspectionMode.Off,
        PolicyMode.Enforce => InspectionMode.Enforce,
        _ => InspectionMode.Detect,
    };

    private static List<WafExclusion> ActiveExclusions(PolicyInputs inputs, List<Finding> findings,
        out DateTimeOffset? recompileAt)
    {
        recompileAt = null;
        var active = new List<WafExclusion>();
        foreach (var exclusion in inputs.Exclusions.OrderBy(item => item.Metadata.Name, StringComparer.Ordinal))
        {
            if (exclusion.Spec.Policy != inputs.Policy.Metadata.Name
                || exclusion.Metadata.DeletionTimestamp is not null) continue;
            if (exclusion.Spec.ExpiresAt is { } expiry)
            {
                if (expiry <= inputs.Now)
                {
                    findings.Add(new(FindingSeverity.Warning, FindingKind.ExclusionExpired, "spec.expiresAt",
                        $"expired at {expiry:u}; the exclusion is not in force",
                            $"WafExclusion/{exclusion.Metadata.Name}"));
                    continue;
                }
                if (recompileAt is null || expiry < recompileAt) recompileAt = expiry;
            }
            var bounds = inputs.Policy.Spec.ExclusionBounds ?? new();
            if (ExclusionBounds.Breach(exclusion, bounds, inputs.Now) is { } breach)
            {
                findings.Add(new(FindingSeverity.Warning, FindingKind.ExclusionOutOfBounds, breach.Path,
                    $"{breach.Message}; the exclusion is not in force", $"WafExclusion/{exclusion.Metadata.Name}"));
                continue;
            }
            active.Add(exclusion);
        }
        return active;
    }

    private static Exclusion ExclusionOf(WafExclusion exclusion) => new()
    {
        Name = exclusion.Metadata.Name ?? "",
        Path = exclusion.Spec.Match?.Path,
        Methods = exclusion.Spec.Match?.Methods ?? [],
        Part = ByName.Of<PartKind>(exclusion.Spec.Match?.Part ?? RequestPartKind.Any),
        PartName = exclusion.Spec.Match?.Name,
        Rules = exclusion.Spec.Rules,
        Families =
            [.. exclusion.Spec.Families.SelectMany(FamilyNames.ModelNames).Distinct(StringComparer.Ordinal)],
        Models = exclusion.Spec.Models,
        ExpiresAt = exclusion.Spec.ExpiresAt,
    };
}
