namespace WafOperator.Models.Server.Endpoints;

/// <summary>Bounds of what a request may bring.</summary>
internal sealed record RequestLimits
{
    /// <summary>Bytes of one body.</summary>
    public int BodyBytesMax { get; init; } = 8 << 20;

    /// <summary>Bytes of all bodies that are held at once.</summary>
    public long BodiesBytesMax { get; init; } = 256L << 20;

    /// <summary>Length of a model's, version's or tensor's name.</summary>
    public int NameLengthMax { get; init; } = 128;

    /// <summary>Values of one request.</summary>
    public int ValuesMax { get; init; } = Protocols.Inference.CompactRequest.ValuesMax;

    /// <summary>Tensors of one request.</summary>
    public int TensorsMax { get; init; } = 16;

    /// <summary>Dimensions of a tensor, the batch's included.</summary>
    public int RankMax { get; init; } = 8;

    /// <summary>Elements of one tensor.</summary>
    public int ElementsMax { get; init; } = 1 << 20;

    /// <summary>Depth of JSON.</summary>
    public int JsonDepthMax { get; init; } = 16;

    /// <summary>How long a request may wait that names no deadline, and the longest deadline.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromSeconds(30);
}
