namespace WafOperator.Console.Sinks;

/// <summary>How a sink is spoken to.</summary>
public enum SinkKind
{
    /// <summary>JSON lines by POST.</summary>
    Http,

    /// <summary>Splunk's HTTP Event Collector.</summary>
    SplunkHec,

    /// <summary>Elasticsearch or OpenSearch, by the bulk API; the event's id is the document's.</summary>
    Elasticsearch,

    /// <summary>Syslog over TCP with octet counting (RFC 6587), or TLS (RFC 5425).</summary>
    Syslog,

    /// <summary>OpenTelemetry logs by HTTP, as JSON.</summary>
    Otlp,
}

/// <summary>Where events go: from the file that the administrator wrote, or from a WafSink.</summary>
public sealed record SinkOptions
{
    public required string Name { get; init; }
    public SinkKind Kind { get; init; }
    public EventFormat Format { get; init; } = EventFormat.Ocsf;

    /// <summary>http(s)://… or, for syslog, tcp://host:port or tls://host:port.</summary>
    public required Uri Url { get; init; }

    /// <summary>File with the token: <c>Bearer</c>, for Splunk <c>Splunk</c>, for Elasticsearch
    /// <c>ApiKey</c>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Authority of the server's certificate, PEM.</summary>
    public string? CaFile { get; init; }

    /// <summary>Index of Elasticsearch or Splunk.</summary>
    public string? Index { get; init; }

    /// <summary>Leave out what was allowed.</summary>
    public bool OnlyAttacks { get; init; } = true;

    /// <summary>Events of this namespace; null: of all.</summary>
    public string? Namespace { get; init; }

    /// <summary>When a sink without a place begins; null: with the oldest event.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Which of them.</summary>
    public SinkFilter Filter { get; init; } = new();

    /// <summary>Events that a sink may be behind; beyond, those that were allowed are left out, and counted.</summary>
    public long LagMax { get; init; } = 1_000_000;

    /// <summary>Events of one call.</summary>
    public int BatchMax { get; init; } = 200;
}
