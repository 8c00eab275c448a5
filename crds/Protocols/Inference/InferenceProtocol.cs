namespace WafOperator.Protocols.Inference;

/// <summary>Paths, headers and metric names of a pool's server (README.md beside this file).</summary>
public static class InferenceProtocol
{
    /// <summary>Port of the inference server: everything, HTTP/1.1 and HTTP/2 without TLS (prior knowledge).</summary>
    public const int Port = 8500;

    /// <summary>Media type of the compact body.</summary>
    public const string CompactMediaType = "application/vnd.wafoperator.inference";

    /// <summary>Header with the time the caller will still wait, microseconds.</summary>
    public const string DeadlineHeader = "Waf-Deadline-Us";

    /// <summary>Header with the priority: 0 decides over a request (default), 1 is shadow and yields.</summary>
    public const string PriorityHeader = "Waf-Priority";

    /// <summary>Header of V2's binary tensor extension: bytes of the JSON in front of the raw tensors.</summary>
    public const string InferenceHeaderLength = "Inference-Header-Content-Length";

    /// <summary>Status of the server, JSON (<see cref="PoolServerStatus"/>).</summary>
    public const string StatusPath = "/status";

    /// <summary>Prometheus text.</summary>
    public const string MetricsPath = "/metrics";

    /// <summary>200 while the process works.</summary>
    public const string LivePath = "/v2/health/live";

    /// <summary>200 when all required models are loaded and nothing is draining; else 503 with the reason.</summary>
    public const string ReadyPath = "/v2/health/ready";

    /// <summary>
    /// Gauge: 95th percentile of the queue delay over the last 15 to 30 s, seconds. What autoscaling aims at.
    /// </summary>
    public const string QueueDelayMetric = "waf_pool_queue_delay_p95_seconds";

    /// <summary>Base of everything about one version of a model.</summary>
    public static string ModelPath(string model, string version) =>
        $"/v2/models/{Uri.EscapeDataString(model)}/versions/{Uri.EscapeDataString(version)}";

    /// <summary>Where a compact body or V2 JSON is posted.</summary>
    public static string InferPath(string model, string version) => ModelPath(model, version) + "/infer";
}
