namespace WafOperator.Models.Server.Batching;

/// <summary>Bounds of waiting and of batches.</summary>
internal sealed record BatchLimits
{
    /// <summary>How long a request waits for company; whole milliseconds are kept exactly.</summary>
    public TimeSpan QueueDelayMax { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Padded tokens of a batch: elements of a row times rows.</summary>
    public int BatchTokensMax { get; init; } = 16_384;

    /// <summary>Rows of a batch, however short they are.</summary>
    public int BatchRowsMax { get; init; } = 512;

    /// <summary>Requests waiting.</summary>
    public int QueueLengthMax { get; init; } = 1_024;

    /// <summary>Padded tokens waiting, over all requests.</summary>
    public long QueueTokensMax { get; init; } = 1 << 20;

    /// <summary>Padded tokens of one request.</summary>
    public int RequestTokensMax { get; init; } = 1 << 18;
}
