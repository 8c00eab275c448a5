using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>Bounds on the head of a request.</summary>
public sealed record HeadLimitsSpec
{
    [Description("Bytes of the request line: method, target and version. Over HTTP/2 method, scheme, "
        + "host and target together; a longer one ends its stream."),
        Bounds(1024, 131072), Default("16384")]
    public int LineBytes { get; init; } = 16_384;

    [Description("Bytes of all header lines together, cookies included. Each connection may hold that much of a head "
        + "that is not complete."), Bounds(4096, 262144), Default("49152")]
    public int Bytes { get; init; } = 49_152;

    [Description("Header lines."), Bounds(16, 1000), Default("150")]
    public int Lines { get; init; } = 150;
}

/// <summary>How much of a body is inspected.</summary>
public sealed record BodyInspectionSpec
{
    [Description("HeadersOnly: bodies are not inspected. Window: the first bytes are inspected, the rest streams. "
        + "Buffered: the whole body "
        + "up to the limit is inspected before the application sees a byte."), Default("\"Buffered\"")]
    public BodyInspectionMode Mode { get; init; } = BodyInspectionMode.Buffered;

    [Description("Most bytes held in memory and inspected (Window: the window). What a sidecar can hold follows from "
        + "sidecar.memoryLimit: 15Mi for one client with the default of 384Mi."), Length(16),
        Pattern(Patterns.Bytes, Meaning = "bytes such as 128Ki"), Default("\"1Mi\"")]
    public string Limit { get; init; } = "1Mi";

    [Description("What happens to a body that is longer than limit in mode Buffered, or exceeds limits."),
        Default("\"Reject\"")]
    public BodyOverLimit OverLimit { get; init; } = BodyOverLimit.Reject;

    [Description("Messages of gRPC calls and WebSockets. Inspect: each message from the client is inspected on its way "
        + "to the application, up to limit (1Mi at most); a blocked message ends the stream. "
        + "Off: messages are not inspected, as in mode HeadersOnly."), Default("\"Inspect\"")]
    public MessageInspectionMode Messages { get; init; } = MessageInspectionMode.Inspect;

    [Description("Bounds on the structure of a body. Those of a route are about the bodies of that route; a route "
        + "without any has those of the policy's body.")]
    public BodyLimitsSpec? Limits { get; init; }

    [Description("XML document types that are accepted. WellKnown: those without an address, and property lists, SVG, "
        + "XHTML, cXML and the like by their public address; others, and any that declare something themselves "
        + "(entities), are refused. Allow: all, for applications whose parsers resolve nothing."),
        Default("\"WellKnown\"")]
    public XmlDoctypePolicy XmlDoctypes { get; init; } = XmlDoctypePolicy.WellKnown;
}

/// <summary>Bounds on the structure of a body.</summary>
public sealed record BodyLimitsSpec
{
    [Description("Arguments of query and body together; a JSON value or a form field is one."), Bounds(1, 1000000),
        Default("20000")]
    public int Arguments { get; init; } = 20_000;

    [Description("Strings, numbers, booleans and nulls in JSON."), Bounds(1, 1000000), Default("20000")]
    public int JsonValues { get; init; } = 20_000;

    [Description("Nesting of JSON, XML and GraphQL."), Bounds(1, 10000), Default("256")]
    public int Depth { get; init; } = 256;

    [Description("Elements and attributes in XML."), Bounds(1, 1000000), Default("65536")]
    public int XmlNodes { get; init; } = 65_536;

    [Description("Parts of a multipart body."), Bounds(1, 100000), Default("4096")]
    public int Parts { get; init; } = 4096;

    [Description("Uploaded files."), Bounds(1, 100000), Default("1000")]
    public int Files { get; init; } = 1000;
}

/// <summary>Which XML document types pass.</summary>
public enum XmlDoctypePolicy { WellKnown, Allow }

/// <summary>Whether messages of streams are inspected.</summary>
public enum MessageInspectionMode { Inspect, Off }

/// <summary>How bodies are inspected.</summary>
public enum BodyInspectionMode { HeadersOnly, Window, Buffered }

/// <summary>Outcome for a body over the limit.</summary>
public enum BodyOverLimit { Reject, ProcessPartial }

/// <summary>A rate limit on requests, or on different values.</summary>
[Cel("rate-limit-key", "!has(self.key) || !(self.key in ['Session', 'Header', 'JwtClaim', 'Parameter']) || "
    + "(has(self.keyName) && size(self.keyName) > 0)",
    "the keys Session, Header, JwtClaim and Parameter need keyName: the name of cookie, header, claim or parameter")]
[Cel("rate-limit-distinct", "!has(self.distinct) || (self.requests <= 1000 && !has(self.cost) && !has(self.burst))",
    "a limit on distinct values counts at most 1000 of them, and has neither cost nor burst")]
public sealed record RateLimitSpec
{
    [Description("Name, for metrics and events."), RequiredField, Length(63, Minimum = 1), Pattern(Patterns.DnsLabel)]
    public string Name { get; init; } = "";

    [Description("Whose requests are counted together. Client: an address (of IPv6 its /64). Session: a cookie. "
        + "Header: a header. JwtClaim: a claim of the bearer token, which nobody verified. Parameter: a parameter of "
        + "query, form or JSON body. Route: all requests. A request without the value counts by its client, and so "
        + "does the first request of each new value."), Default("\"Client\"")]
    public RateLimitKey Key { get; init; } = RateLimitKey.Client;

    [Description("Name of the cookie, header, claim or parameter; a member of a JSON body has dots between its names."),
        Length(128)]
    public string? KeyName { get; init; }

    [Description("Only paths below this prefix."), Length(1024), Pattern("^/")]
    public string? PathPrefix { get; init; }

    [Description("Requests (with distinct: different values) per period."), RequiredField, Bounds(1, 10000000)]
    public int Requests { get; init; }

    [Description("Period."), Length(32), Pattern(Patterns.Duration), Default("\"1m\"")]
    public string Period { get; init; } = "1m";

    [Description("Requests that may come at once; default: the same as requests."), Bounds(1, 10000000)]
    public int? Burst { get; init; }

    [Description("Count and report only."), Default("false")]
    public bool DryRun { get; init; }

    [Description("What a request and its response cost. Left out: each request costs 1.")]
    public RateCostSpec? Cost { get; init; }

    [Description("Count different values of this instead of requests: how many user names one client tries, or how "
        + "many clients try one user name. A value that was let through passes again.")]
    public DistinctSpec? Distinct { get; init; }
}

/// <summary>What a rate limit counts by.</summary>
public enum RateLimitKey { Client, Session, Header, Route, JwtClaim, Parameter }

/// <summary>Values that are counted, each once.</summary>
[Cel("distinct-name", "self.of == 'Client' || (has(self.name) && size(self.name) > 0)",
    "distinct values of a Session, Header, JwtClaim or Parameter need name")]
[Cel("distinct-of", "self.of != 'Route'", "distinct values are of a Client, Session, Header, JwtClaim or Parameter")]
public sealed record DistinctSpec
{
    [Description("Kind of value."), RequiredField]
    public RateLimitKey Of { get; init; }

    [Description("Name of the cookie, header, claim or parameter."), Length(128)]
    public string? Name { get; init; }
}

/// <summary>Cost of a request in units of its limit.</summary>
public sealed record RateCostSpec
{
    [Description("Cost of a request when it comes. 0: only its response costs, and a request is refused while nothing "
        + "is left."), Bounds(0, 100000), Default("1")]
    public int Request { get; init; } = 1;

    [Description("Cost of responses by status; the first entry that fits counts. Known only when the response is: it "
        + "counts against the next request."), Items(16)]
    public IReadOnlyList<StatusCostSpec> Statuses { get; init; } = [];

    [Description("Bytes of a response that cost 1, by its Content-Length, such as 64Ki."), Length(16),
        Pattern(Patterns.Bytes, Meaning = "bytes such as 64Ki")]
    public string? BytesPerUnit { get; init; }
}

/// <summary>Cost of a status.</summary>
public sealed record StatusCostSpec
{
    [Description("A status such as 401, or a class such as 4xx."), RequiredField, Length(3, Minimum = 3),
        Pattern("^[1-5]([0-9][0-9]|xx)$", Meaning = "a status such as 401 or a class such as 4xx")]
    public string Status { get; init; } = "";

    [Description("Units."), RequiredField, Bounds(1, 100000)]
    public int Cost { get; init; }
}

/// <summary>Clients and paths that are always allowed or always denied.</summary>
public sealed record AccessListsSpec
{
    [Description("Networks that may send requests, all others are denied; empty: all may."), Items(1024), Length(64),
        Pattern(Patterns.Cidr)]
    public IReadOnlyList<string> AllowClients { get; init; } = [];

    [Description("Networks that are denied."), Items(1024), Length(64), Pattern(Patterns.Cidr)]
    public IReadOnlyList<string> DenyClients { get; init; } = [];

    [Description("Lists of networks that are denied, kept by others (threat intelligence). All of a policy have "
        + "200,000 networks at most; no entry wider than /8 (IPv4) or /19 (IPv6) is taken."),
        Items(16, MapKeys = ["name"])]
    public IReadOnlyList<AccessFeedSpec> DenyFeeds { get; init; } = [];

    [Description("Networks whose requests are not inspected (scanners of your own, load tests)."), Items(256),
        Length(64), Pattern(Patterns.Cidr)]
    public IReadOnlyList<string> BypassClients { get; init; } = [];

    [Description("Path prefixes that are denied, in every spelling."), Items(256), Length(1024), Pattern("^/")]
    public IReadOnlyList<string> DenyPaths { get; init; } = [];
}

/// <summary>Answer to a blocked request.</summary>
public sealed record BlockResponseSpec
{
    [Description("HTTP status."), Bounds(400, 599), Default("403")]
    public int StatusCode { get; init; } = 403;

    [Description("Content type of the body; empty chooses HTML or JSON by the Accept header."), Length(128)]
    public string? ContentType { get; init; }

    [Description("Body; {eventId} is replaced by the event's id."), Length(65536)]
    public string? Body { get; init; }
}

/// <summary>Logging and redaction.</summary>
public sealed record LoggingSpec
{
    [Description("None, Blocked, Matched (anything a rule or model said) or All."), Default("\"Matched\"")]
    public LogLevelSpec Decisions { get; init; } = LogLevelSpec.Matched;

    [Description("Parameters, headers and cookies whose values are never written, besides the built-in list."),
        Items(128), Length(128, Minimum = 1)]
    public IReadOnlyList<string> Redact { get; init; } = [];

    [Description("Write up to this many bytes of what matched. 0 writes none."), Bounds(0, 1024), Default("100")]
    public int MatchedDataBytesMax { get; init; } = 100;

    [Description("Share of requests, in percent, whose decision is logged whatever it is, with each model's score: "
        + "what almost blocks shows here."), Bounds(0, 100), Default("0")]
    public int SampleAllowedPercent { get; init; }
}

/// <summary>Which decisions are logged.</summary>
public enum LogLevelSpec { None, Blocked, Matched, All }

/// <summary>How traffic reaches the sidecar.</summary>
public sealed record InterceptionSpec
{
    [Description("Auto takes over named ports where Services target names, and redirects where they target numbers."),
        Default("\"Auto\"")]
    public CaptureMode Capture { get; init; } = CaptureMode.Auto;

    [Description("New pods of the targets get the sidecar whatever their annotations say, or are refused with the "
        + "reason. Pods that run already are not touched; they are counted in coverage.missing."), Default("false")]
    public bool Required { get; init; }

    [Description("Evict running pods of the targets that lack the sidecar and come back with it, one at a time, as "
        + "disruption budgets allow: those that ask for it, and with required all that can have it."),
        Default("false")]
    public bool RepairByEviction { get; init; }

    [Description("Create NetworkPolicies that block traffic bypassing the sidecar. The network plug-in enforces them."),
        Default("false")]
    public bool NetworkPolicy { get; init; }
}

/// <summary>How ports are captured.</summary>
public enum CaptureMode { Auto, NamedPort, Redirect }

/// <summary>Sidecar compute resources, as Kubernetes quantities.</summary>
public sealed record SidecarResourcesSpec
{
    [Description("CPU request."), Length(32), Pattern(Patterns.Cpu), Default("\"100m\"")]
    public string CpuRequest { get; init; } = "100m";

    [Description("Memory request."), Length(32), Pattern(Patterns.Bytes), Default("\"160Mi\"")]
    public string MemoryRequest { get; init; } = "160Mi";

    [Description("Memory limit."), Length(32), Pattern(Patterns.Bytes), Default("\"384Mi\"")]
    public string MemoryLimit { get; init; } = "384Mi";

    [Description("CPU limit; none by default, since throttling adds latency."), Length(32), Pattern(Patterns.Cpu)]
    public string? CpuLimit { get; init; }
}
