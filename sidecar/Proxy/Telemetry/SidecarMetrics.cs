using Prometheus;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Telemetry;

/// <summary>
/// All metrics of the sidecar: names, types and labels in one place. What is counted is in SidecarMeters.
/// </summary>
internal sealed class SidecarMetrics
{
    private static readonly double[] InspectionBuckets =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

    private static readonly double[] PoolBuckets =
        [0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 1];

    /// <summary>What the metrics page is written from.</summary>
    public MetricSet Set { get; } = new();

    public SidecarMetrics()
    {
        Inspection = Set.CreateHistogram(
            "waf_inspection_seconds", "Time of inspection of one request, without waiting for its body.", [],
            InspectionBuckets).Alone;
        PoolCall = Set.CreateHistogram(
            "waf_pool_call_seconds", "Time until a pool's answer, or until it was given up.", [], PoolBuckets).Alone;
        PoolCalls = Set.ObserveCounter("waf_pool_calls_total", "Questions to the pool by outcome.", ["outcome"]);
        PoolHedges = Set.ObserveCounter("waf_pool_hedges_total", "Second requests to the pool.", []);
        PoolCircuit = Set.ObserveGauge("waf_pool_circuit", "1 for the circuit's state to the pool.", ["state"]);
        Requests = Set.ObserveCounter(
            "waf_requests_total", "Requests by verdict and reason.", ["verdict", "reason"]);
        WouldBlock = Set.ObserveCounter(
            "waf_would_block_total", "Requests that mode Enforce would have refused.", []);
        Uninspected = Set.ObserveCounter(
            "waf_uninspected_total",
            "Requests that went on without having been looked at whole, by reason; a request may have several.",
            ["why", "limit"]);
        Messages = Set.ObserveCounter(
            "waf_messages_total", "Messages of gRPC and WebSocket streams by what became of them.",
            ["protocol", "outcome"]);
        BehaviourActions = Set.ObserveCounter(
            "waf_behaviour_actions_total", "Requests of clients at some risk, by what the policy does at that risk.",
            ["action"]);
        BehaviourClients = Set.ObserveGauge(
            "waf_behaviour_clients", "Clients and sessions that are remembered, by how they are kept.", ["kept"]);
        BehaviourHeld = Set.ObserveGauge("waf_behaviour_held", "Clients and sessions in quarantine.", []);
        Challenges = ObserveChallenges();
        Logins = Set.ObserveCounter(
            "waf_logins_total", "Attempts to sign in that the application answered, by outcome.", ["outcome"]);
        ApiRequests = Set.ObserveCounter(
            "waf_api_requests_total", "Requests that were compared with an API's description.", ["schema"]);
        ApiFindings = Set.ObserveCounter(
            "waf_api_findings_total", "Requests that do not fit their API's description.", ["schema", "reason"]);
        LimitParts = Set.ObserveGauge(
            "waf_limit_parts", "Parts into which rate limits are divided where this replica counts alone.", []);
        SharedLimits = Set.ObserveCounter(
            "waf_shared_limits_total", "Requests under shared limits, by who decided.", ["by"]);
        SharedLimitsDebt = Set.ObserveGauge(
            "waf_shared_limits_debt", "Units of limits that Redis is not told yet.", []);
        SharedLimitsLost = Set.ObserveCounter(
            "waf_shared_limits_lost_total", "Units of limits that Redis will not be told.", []);
        RuleMatches = Set.ObserveCounter("waf_rule_matches_total", "Reported rule matches by id.", ["rule"]);
        ExclusionHits = Set.ObserveCounter(
            "waf_exclusion_hits_total", "Requests that an exclusion let be decided otherwise.", ["exclusion"]);
        CodeFields = ObserveCodeFields();
        Incidents = Set.ObserveCounter(
            "waf_incidents_total",
            "Drops, fallbacks and failures by kind. Each kind is explained in sidecar/README.md.", ["kind"]);
        BufferedBytes = Set.ObserveGauge("waf_buffered_bytes", "Body bytes held for inspection.", []);
        Connections = Set.ObserveGauge("waf_connections", "Client connections.", []);
        InspectedRequests = Set.ObserveGauge("waf_inspected_requests", "Requests under inspection.", []);
        Ready = Set.ObserveGauge("waf_ready", "1 when a policy is in force and the sidecar takes traffic.", []);
        PolicyInfo = Set.ObserveGauge(
            "waf_policy_info", "Always 1; labels tell the policy in force.", ["policy", "revision", "mode", "source"]);
        PolicyReloads = Set.ObserveGauge(
            "waf_policy_reloads", "Policies taken and refused since start.", ["result"]);
        BuildInfo = Set.ObserveGauge("waf_build_info", "Always 1.", ["version"]);
    }

    public Histogram.Child Inspection { get; }

    public Histogram.Child PoolCall { get; }

    public ObservedMetric PoolCalls { get; }

    public ObservedMetric PoolHedges { get; }

    public ObservedMetric PoolCircuit { get; }

    public ObservedMetric Requests { get; }

    public ObservedMetric WouldBlock { get; }

    public ObservedMetric Uninspected { get; }

    public ObservedMetric Messages { get; }

    public ObservedMetric BehaviourActions { get; }

    public ObservedMetric BehaviourClients { get; }

    public ObservedMetric BehaviourHeld { get; }

    public ObservedMetric Challenges { get; }

    public ObservedMetric Logins { get; }

    public ObservedMetric ApiRequests { get; }

    public ObservedMetric ApiFindings { get; }

    public ObservedMetric LimitParts { get; }

    public ObservedMetric SharedLimits { get; }

    public ObservedMetric SharedLimitsDebt { get; }

    public ObservedMetric SharedLimitsLost { get; }

    public ObservedMetric RuleMatches { get; }

    public ObservedMetric ExclusionHits { get; }

    public ObservedMetric CodeFields { get; }

    public ObservedMetric Incidents { get; }

    public ObservedMetric BufferedBytes { get; }

    public ObservedMetric Connections { get; }

    public ObservedMetric InspectedRequests { get; }

    public ObservedMetric Ready { get; }

    public ObservedMetric PolicyInfo { get; }

    public ObservedMetric PolicyReloads { get; }

    public ObservedMetric BuildInfo { get; }

    private ObservedMetric ObserveChallenges() => Set.ObserveCounter(
        "waf_challenges_total", "Clients that were asked to show that they are browsers, and what came of it.",
        ["event"]);

    private ObservedMetric ObserveCodeFields() => Set.ObserveCounter(
        "waf_code_field_requests_total",
        "Requests in which something was noted in a field that carries code.", ["field"]);
}
