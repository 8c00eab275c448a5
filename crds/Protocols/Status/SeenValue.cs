namespace WafOperator.Protocols.Status;

/// <summary>
/// A method, media type or charset that the policy's lists lack, or a form of parameters, that requests had which the
/// application took. What a pod says of it is checked again by whoever reads it.
/// </summary>
public sealed record SeenValue
{
    /// <summary>Clients of one value are counted up to here.</summary>
    public const int ClientsMax = 32;

    /// <summary>Values of one kind that a sidecar keeps.</summary>
    public const int ValuesMax = 64;

    public SeenKind Kind { get; init; }

    /// <summary>The value; for <see cref="SeenKind.ParameterStyle"/> the name of a <see cref="SeenStyle"/>.</summary>
    public required string Value { get; init; }

    /// <summary>Requests with it.</summary>
    public long Requests { get; init; }

    /// <summary>Different clients (of IPv6 networks of 64 bits), at most <see cref="ClientsMax"/>.</summary>
    public int Clients { get; init; }
}

/// <summary>What a value is of a request.</summary>
public enum SeenKind { Method, ContentType, Charset, ParameterStyle }
