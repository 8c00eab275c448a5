namespace WafOperator.Kubernetes.Client;

/// <summary>Process settings of a client.</summary>
public sealed record ClientOptions
{
    /// <summary>Requests per second this process allows itself on average.</summary>
    public double RequestsPerSecond { get; init; } = 50;

    /// <summary>Requests that may be sent at once before the average applies.</summary>
    public int Burst { get; init; } = 100;

    /// <summary>Time for one request, without waiting for the limits and without watches.</summary>
    public TimeSpan RequestTimeMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is repeated when the server says Retry-After.</summary>
    public int ThrottledRetriesMax { get; init; } = 5;

    /// <summary>The longest Retry-After that is waited for; longer ones are reported at once.</summary>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of one answer (an object or one page of a list).</summary>
    public int ResponseBytesMax { get; init; } = 128 << 20;

    /// <summary>Bytes of one event of a watch.</summary>
    public int WatchEventBytesMax { get; init; } = 16 << 20;

    /// <summary>Objects per page of a list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Sent as User-Agent; shows in the server's audit log.</summary>
    public string UserAgent { get; init; } = "waf-operator";

    /// <summary>Default field manager of writes.</summary>
    public string FieldManager { get; init; } = "waf-operator";
}
