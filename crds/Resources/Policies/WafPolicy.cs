using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>What to inspect for a workload, and what to do about what is found.</summary>
[Description("A WafPolicy says what is inspected for the workloads it targets and what is done about what is found.")]
[Resource("WafPolicy", "wafpolicies", "wafp", "waf")]
[PrinterColumn("Mode", "string", ".spec.mode")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type=='Ready')].status")]
[PrinterColumn("Programmed", "string", ".status.coverage.summary")]
[PrinterColumn("Revision", "string", ".status.revision", Priority = 1)]
[PrinterColumn("Message", "string", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record WafPolicy : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "WafPolicy";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public WafPolicySpec Spec { get; init; } = new();

    [Description("Observed state, written by the operator.")]
    public WafPolicyStatus? Status { get; init; }
}

/// <summary>The wish of a WafPolicy.</summary>
public sealed record WafPolicySpec
{
    [Description("Workloads and Services of this namespace whose pods the policy protects. Empty: only pods that name "
        + "the policy in the annotation wafoperator.dev/policy.")]
    [Items(16)]
    public IReadOnlyList<PolicyTargetReference> TargetRefs { get; init; } = [];

    [Description("\"Off\" (in quotes: YAML reads a bare Off as false) passes everything uninspected, Detect records "
        + "what Enforce "
        + "would have blocked, Enforce blocks. This is the ceiling for every engine below.")]
    [Default("\"Detect\"")]
    public PolicyMode Mode { get; init; } = PolicyMode.Detect;

    [Description("Who the client of a request is.")]
    public ClientIdentitySpec? ClientIdentity { get; init; }

    [Description("Rule inspection (SecLang). Left out: OWASP CRS at paranoia 1. An empty list of sets and no inline "
        + "rules: none.")]
    [Default("{}")]
    public RulesSpec? Rules { get; init; } = new();

    [Description("Machine-learned inspection.")]
    public MlSpec? Ml { get; init; }

    [Description("What clients do over time: what is remembered of them, how it is judged, and what follows at their "
        + "next request. Left out: nothing is remembered.")]
    public BehaviourSpec? Behaviour { get; init; }

    [Description("Who decides whether a request is an attack. Joint: what rules about attacks matched is evidence "
        + "beside the models' score, and ml.thresholds decide; rules about protocol, methods, scanners and restricted "
        + "files keep rules.inboundThreshold, own rules with deny block by themselves, and where models did not see "
        + "everything the rules decide alone. Rules: the rules' anomaly score; models only record. Models: the models, "
        + "with the rules as for Joint where models did not see everything. Either: whoever finds one. Default: Joint "
        + "when spec.ml names models, else Rules.")]
    public DecisionMode? Decision { get; init; }

    [Description("What happens to a request when a part of the inspection is not available.")]
    public FailureModesSpec? FailureModes { get; init; }

    [Description("How long the head of a request may be. Longer ones are refused in every mode, before anything looks "
        + "at them: 414 for the line of HTTP/1.1, 431 for the rest. Left out: the defaults of its fields.")]
    public HeadLimitsSpec? Head { get; init; }

    [Description("How request bodies are inspected.")]
    public BodyInspectionSpec? Body { get; init; }

    [Description("Settings that differ for some paths. The longest matching path prefix wins.")]
    [Items(64, MapKeys = ["pathPrefix"])]
    public IReadOnlyList<RouteSpec> Routes { get; init; } = [];

    [Description("Fields of request bodies that carry code: editors, consoles, build scripts. Attacks of their "
        + "families are noted in texts there (events, waf_code_field_requests_total) and refuse nothing. A text holds "
        + "white space between other bytes and begins no serialised object; anything else in the field is judged as "
        + "everywhere, and so are other families, rules about the protocol, limits and the rest of the request."),
        Items(64)]
    public IReadOnlyList<CodeFieldSpec> CodeFields { get; init; } = [];

    [Description("Request rate limits; how replicas count them says spec.sharing. Beyond them 429 in mode Enforce; "
        + "recorded in Detect.")]
    [Items(32, MapKeys = ["name"])]
    public IReadOnlyList<RateLimitSpec> RateLimits { get; init; } = [];

    [Description("Where users sign in: how many failures there may be by one client, with one user name and from one "
        + "network. Beyond them 429 in mode Enforce; recorded in Detect.")]
    [Items(16, MapKeys = ["pathPrefix"])]
    public IReadOnlyList<LoginSpec> Logins { get; init; } = [];

    [Description("How replicas count rate limits and hold clients together. Left out: limits are divided by the pods "
        + "that the policy covers.")]
    public SharingSpec? Sharing { get; init; }

    [Description("Clients and paths that are allowed or denied before any inspection. Denied: refused in mode "
        + "Enforce, recorded in Detect, "
        + "nothing in \"Off\".")]
    public AccessListsSpec? AccessLists { get; init; }

    [Description("What a blocked client receives.")]
    public BlockResponseSpec? BlockResponse { get; init; }

    [Description("What is logged about a decision, and what is redacted.")]
    public LoggingSpec? Logging { get; init; }

    [Description("How traffic is brought to the sidecar.")]
    public InterceptionSpec? Interception { get; init; }

    [Description("How the application is reached: its address, TLS, and how long connections are kept. Left out: in "
        + "plain HTTP at the loopback address.")]
    public UpstreamSpec? Upstream { get; init; }

    [Description("How much protection WafExclusions may take away. An exclusion outside these bounds is not applied.")]
    [Default("{}")]
    public ExclusionBoundsSpec? ExclusionBounds { get; init; } = new();

    [Description("Compute resources of the sidecar container.")]
    public SidecarResourcesSpec? Sidecar { get; init; }
}

/// <summary>Who decides whether a request is an attack.</summary>
public enum DecisionMode { Joint, Rules, Models, Either }

/// <summary>Ceiling of enforcement.</summary>
public enum PolicyMode { Off, Detect, Enforce }

/// <summary>Client address: from the peer, or from a header that a trusted proxy wrote.</summary>
public sealed record ClientIdentitySpec
{
    [Description("Networks of the proxies in front (ingress, mesh) whose X-Forwarded-For is believed."), Items(64),
        Length(64)]
    [Pattern(Patterns.Cidr, Meaning = "an address or CIDR, such as 10.0.0.0/8")]
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    [Description("How many hops of the header, from the right, may be trusted at most."), Bounds(1, 16), Default("1")]
    public int TrustedHops { get; init; } = 1;

    [Description("Header that carries the client address."), Length(64, Minimum = 1), Default("\"X-Forwarded-For\"")]
    [Pattern("^[A-Za-z0-9-]+$", Meaning = "a header name")]
    public string Header { get; init; } = "X-Forwarded-For";
}

/// <summary>What happens when a part is not available: pass, or block.</summary>
public enum FailureMode { Open, Closed }

/// <summary>Failure modes per part.</summary>
public sealed record FailureModesSpec
{
    [Description("No policy was ever received. Closed: the sidecar is not ready and refuses. Open: it is ready and "
        + "forwards uninspected, counted as NoPolicy. Taken over when a pod is injected."), Default("\"Closed\"")]
    public FailureMode Config { get; init; } = FailureMode.Closed;

    [Description("The rule engine met its bound on work (Closed answers 413) or failed (Closed answers 503)."),
        Default("\"Closed\"")]
    public FailureMode Rules { get; init; } = FailureMode.Closed;

    [Description("A model is missing, still loading or failed, or a request is more work than ml.latencyBudget allows. "
        + "Open: what the rules decided holds. Closed: the request is refused with 503."), Default("\"Open\"")]
    public FailureMode Ml { get; init; } = FailureMode.Open;

    [Description("The inference pool cannot be reached. Open: what models in the sidecar and rules decided holds. "
        + "Closed: the request is refused with 503."), Default("\"Open\"")]
    public FailureMode Pool { get; init; } = FailureMode.Open;

    [Description("A request cannot be inspected whole for a reason that a client can cause: more parts, values or "
        + "nesting than body.limits allow, or no memory left to hold its body. Block refuses it in mode Enforce. "
        + "Record forwards it, writes an event and counts it in waf_uninspected_total and status.inspection. What "
        + "the policy itself leaves out (routes, windows, bypass clients) and the content of files are counted in "
        + "either case."), Default("\"Block\"")]
    public UninspectedAction Uninspected { get; init; } = UninspectedAction.Block;
}

/// <summary>What follows when a request cannot be inspected whole.</summary>
public enum UninspectedAction { Block, Record }

/// <summary>Settings for paths below a prefix.</summary>
[Cel("route-upgrades", "!has(self.upgrades) || self.upgrades.all(token, !(token.startsWith('websocket') || "
    + "token.startsWith('h2') || token.startsWith('http') || token.startsWith('tls')))",
    "upgrades cannot name websocket, which passes and is inspected without it, nor h2c, http/2.0 and tls/1.0, behind "
        + "which all further requests would pass unseen")]
public sealed record RouteSpec
{
    [Description("Path prefix on segment boundaries, decoded."), RequiredField, Length(1024, Minimum = 1)]
    [Pattern("^/", Meaning = "a path that begins with /")]
    public string PathPrefix { get; init; } = "/";

    [Description("Mode for this route; never more than spec.mode.")]
    public PolicyMode? Mode { get; init; }

    [Description("Body inspection for this route.")]
    public BodyInspectionSpec? Body { get; init; }

    [Description("Protocols besides WebSocket to which clients may change (Upgrade of HTTP/1.1), in lower case, such "
        + "as tcp or spdy/3.1. The handshake is inspected; what follows is bytes of that protocol, which pass "
        + "uninspected and are counted as Upgrade."), Items(8), Length(64, Minimum = 1),
        Pattern("^[a-z0-9!#$%&'*+.^_`|~-]+(/[a-z0-9.]+)?$", Meaning = "a protocol such as tcp or spdy/3.1")]
    public IReadOnlyList<string> Upgrades { get; init; } = [];
}
