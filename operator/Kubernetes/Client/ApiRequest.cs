namespace WafOperator.Kubernetes.Client;

/// <summary>One request before it is sent; it can be sent again as it is.</summary>
internal sealed record ApiRequest(ApiTarget Target, HttpMethod Method, string PathAndQuery)
{
    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>Whether 429 and 503 with Retry-After are waited for here, or are an outcome for the caller.</summary>
    public bool WaitsWhenThrottled { get; init; } = true;

    // The body may be a Secret.
    public override string ToString() => $"{Method} {PathAndQuery}";
}
