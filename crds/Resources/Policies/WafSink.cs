using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>Where decisions are sent.</summary>
[Description("A WafSink has the console send decisions to a server: a SIEM, a log store. It gets the events of its own "
    + "namespace, from its creation on, each at least once.")]
[Resource("WafSink", "wafsinks", "wafs")]
[PrinterColumn("Protocol", "string", ".spec.protocol")]
[PrinterColumn("URL", "string", ".spec.url")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type=='Ready')].status")]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type=='Ready')].reason")]
[PrinterColumn("Delivered", "integer", ".status.delivered")]
[PrinterColumn("Backlog", "integer", ".status.backlog")]
[PrinterColumn("Dropped", "integer", ".status.dropped", Priority = 1)]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record WafSink : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "WafSink";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public WafSinkSpec Spec { get; init; } = new();

    [Description("Observed state, written by the console.")]
    public WafSinkStatus? Status { get; init; }
}

/// <summary>The wish of a WafSink.</summary>
public sealed record WafSinkSpec
{
    [Description("Whose events: Namespace (those of the sink's own namespace) or Cluster (those of all, for sinks in "
        + "the operator's own namespace)."), Default("\"Namespace\"")]
    public SinkScope Scope { get; init; } = SinkScope.Namespace;

    [Description("How the server is spoken to: Http (JSON lines by POST), SplunkHec (HTTP Event Collector), "
        + "Elasticsearch (bulk API, also of OpenSearch), Syslog (TCP or TLS, a length before each line), Otlp "
        + "(OpenTelemetry logs by HTTP, as JSON)."), RequiredField]
    public SinkProtocol Protocol { get; init; }

    [Description("The words of an event: Ocsf, Ecs, Cef or Rfc5424. Elasticsearch gets Ecs and Otlp the attributes of "
        + "OpenTelemetry, whatever stands here."), Default("\"Ocsf\"")]
    public SinkFormat Format { get; init; } = SinkFormat.Ocsf;

    [Description("Where the server is: https://HOST/PATH, or http; for Syslog tls://HOST:PORT, or tcp. The console "
        + "calls public addresses at ports 80 and 443; others are listed in the chart's outside.allowedHosts."),
        RequiredField, Length(2048, Minimum = 1),
        Pattern("^(https?|tcp|tls)://[^/?#@\\s]+([/?][^#\\s]*)?$", Meaning = "a URL such as https://siem.example/in")]
    public string Url { get; init; } = "";

    [Description("Index of Splunk or Elasticsearch."), Length(255, Minimum = 1),
        Pattern("^[a-z0-9][-a-z0-9_.]*$", Meaning = "an index: lower-case letters, digits, -, _ and .")]
    public string? Index { get; init; }

    [Description("TLS beside the usual.")]
    public SinkTls? Tls { get; init; }

    [Description("Secret in the same namespace with a token (key token), or with username and password. It says of "
        + "itself what it is for: the label wafoperator.dev/sink-credentials: \"true\", or that type, and the "
        + "annotation wafoperator.dev/host with the server's host."), Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string? CredentialsSecret { get; init; }

    [Description("Which events; none: those that were stopped or would have been.")]
    public SinkEventFilter? Filter { get; init; }

    [Description("Events that the sink may be behind; beyond, it is sent no allowed ones any more, and what was left "
        + "out is counted in status.dropped."), Bounds(1000, 10_000_000), Default("1000000")]
    public long LagLimit { get; init; } = 1_000_000;

    [Description("Events of one call."), Bounds(1, 1000), Default("200")]
    public int BatchSize { get; init; } = 200;
}

/// <summary>Whose events a sink gets.</summary>
public enum SinkScope { Namespace, Cluster }

/// <summary>How a server is spoken to.</summary>
public enum SinkProtocol { Http, SplunkHec, Elasticsearch, Syslog, Otlp }

/// <summary>The words of an event.</summary>
public enum SinkFormat { Ocsf, Ecs, Cef, Rfc5424 }

/// <summary>What was done about a request.</summary>
public enum SinkAction { Blocked, Limited, Unavailable, Detected }

/// <summary>How serious an event is.</summary>
public enum SinkThreat { None, Low, Medium, High, Critical }

/// <summary>TLS of a sink.</summary>
public sealed record SinkTls
{
    [Description("Secret in the same namespace with the authority of the server's certificate (ca.crt), labelled as "
        + "credentialsSecret; none: the authorities of the console's image."), Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string? CaSecret { get; init; }

    [Description("Secret in the same namespace with a client certificate (tls.crt, tls.key), labelled as "
        + "credentialsSecret."), Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public string? ClientCertificateSecret { get; init; }
}

/// <summary>Which events a sink gets. All that is given must hold.</summary>
public sealed record SinkEventFilter
{
    [Description("Names of WafPolicies; none: all."), Items(50), Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public IReadOnlyList<string> Policies { get; init; } = [];

    [Description("What was done: Blocked, Limited (by rate), Unavailable (could not be answered for), Detected (would "
        + "have been blocked in mode Enforce); none: any of them."), Items(4)]
    public IReadOnlyList<SinkAction> Actions { get; init; } = [];

    [Description("How serious at least."), Default("\"None\"")]
    public SinkThreat MinimumThreat { get; init; } = SinkThreat.None;

    [Description("Percentage of the allowed requests that were recorded which is sent too, always the same ones; "
        + "minimumThreat and policies hold for them, actions do not."), Bounds(0, 100), Default("0")]
    public int AllowedPercent { get; init; }
}

/// <summary>What the console found.</summary>
public sealed record WafSinkStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Events that the server took."), Bounds(0, long.MaxValue)]
    public long Delivered { get; init; }

    [Description("When it last took any.")]
    public DateTimeOffset? LastDelivered { get; init; }

    [Description("Events that wait to be looked at, counted up to 100000."), Bounds(0, 100_000)]
    public long Backlog { get; init; }

    [Description("Events that it was not sent: allowed ones while it was too far behind, and those that it refused for "
        + "good."), Bounds(0, long.MaxValue)]
    public long Dropped { get; init; }

    [Description("Why the last call failed; kept after the next success, with its time."), Length(1024)]
    public string? LastError { get; init; }

    [Description("When that was.")]
    public DateTimeOffset? LastErrorTime { get; init; }

    [Description("Accepted, Delivering, Stalled, Ready."), Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}
