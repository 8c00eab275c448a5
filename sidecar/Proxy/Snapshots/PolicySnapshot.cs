using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Logins;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Schemas;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Parts;

namespace WafOperator.Proxy.Snapshots;

/// <summary>A policy ready for use: document and everything compiled from it. Immutable; a request uses one to its end.</summary>
internal sealed class PolicySnapshot
{
    public required PolicyDocument Document { get; init; }
    public required ClientResolver Identity { get; init; }
    public required AccessProgram Access { get; init; }
    public required RateLimitProgram RateLimits { get; init; }
    public required RouteTable Routes { get; init; }

    /// <summary>Where users sign in.</summary>
    public required LoginProgram Logins { get; init; }

    /// <summary>What requests of APIs look like.</summary>
    public ApiSchemaSet Schemas { get; init; } = ApiSchemaSet.Empty;

    /// <summary>What is remembered of clients, or null when the policy does not ask for it.</summary>
    public BehaviourProgram? Behaviour { get; init; }
    public required Redactor Redactor { get; init; }

    /// <summary>Requests read under this policy's bounds.</summary>
    public required RequestPool Requests { get; init; }

    /// <summary>Bounds of <see cref="Requests"/> and of responses.</summary>
    public required HttpLimits HttpLimits { get; init; }

    /// <summary>Compiled rules, or null when the policy has none.</summary>
    public RuleProgram? Rules { get; init; }

    /// <summary>Models, or null when the policy has none.</summary>
    public ScoringProgram? Scoring { get; init; }

    /// <summary>
    /// The anomaly score of rules is judged together with what models say, not by its own rule alone.
    /// </summary>
    public bool DefersScore => Scoring is not null && Document.Decision is (DecisionKind.Joint or DecisionKind.Models);

    /// <summary>Parts that models leave out.</summary>
    public required ExclusionProgram ModelExclusions { get; init; }

    /// <summary>Fields that carry code, for rules.</summary>
    public required CodeFieldProgram CodeFields { get; init; }

    /// <summary>Ids of rules that exclusions were compiled to, with the exclusions' names.</summary>
    public required IReadOnlyDictionary<long, string> ExclusionRules { get; init; }

    /// <summary>How the application is reached. The same object as before where nothing changed.</summary>
    public UpstreamSettings Upstream { get; init; } = UpstreamSettings.Default;

    /// <summary>Rules look at responses.</summary>
    public bool InspectsResponses { get; init; }

    /// <summary>Nothing at all is asked of a request: mode Off.</summary>
    public bool PassesThrough => Document.Mode is InspectionMode.Off;
}

/// <summary>The policy in force. One volatile write replaces it; no request is held up or dropped by that.</summary>
internal sealed class ActivePolicy
{
    private volatile PolicySnapshot? _current;

    /// <summary>Told of each policy once it is in force; whoever answers must not take long.</summary>
    public Action<PolicySnapshot>? Replaced { get; set; }

    /// <summary>Null until a policy was received.</summary>
    public PolicySnapshot? Current => _current;

    public void Replace(PolicySnapshot next)
    {
        _current = next;
        Replaced?.Invoke(next);
    }
}
