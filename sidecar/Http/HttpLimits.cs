namespace WafOperator.Http;

/// <summary>
/// Every bound on what one request can make the reader do. Counts are numbers of items, sizes are bytes. Exceeding a
/// bound sets its flag in <see cref="CanonicalRequest.Exceeded"/>; the rest of that kind is then left out (processed
/// partially), and the request is to be refused when the flag is in <see cref="RejectOn"/>.
/// </summary>
public sealed record HttpLimits
{
    /// <summary>The bounds used when a policy names none.</summary>
    public static readonly HttpLimits Default = new();

    /// <summary>Request line and all headers together, in bytes.</summary>
    public int HeaderBytesMax { get; init; } = 64 * 1024;

    /// <summary>Header lines.</summary>
    public int HeadersMax { get; init; } = 200;

    /// <summary>Cookies in all Cookie headers.</summary>
    public int CookiesMax { get; init; } = 1000;

    /// <summary>Arguments of query and body together; a JSON or XML leaf is one argument.</summary>
    public int ArgumentsMax { get; init; } = 20_000;

    /// <summary>Decoded bytes of one argument name or value; the rest of it is cut off.</summary>
    public int ArgumentBytesMax { get; init; } = 13_107_200;

    /// <summary>Bytes of the body kept for inspection, before and after decompression.</summary>
    public int BodyBytesMax { get; init; } = 13_107_200;

    /// <summary>Bytes of the body that do not belong to uploaded files.</summary>
    public int BodyNoFilesBytesMax { get; init; } = 13_107_200;

    /// <summary>Nested JSON containers.</summary>
    public int JsonDepthMax { get; init; } = 256;

    /// <summary>JSON scalars in one body; keys and containers may be four times as many.</summary>
    public int JsonLeavesMax { get; init; } = 20_000;

    /// <summary>Nested XML elements.</summary>
    public int XmlDepthMax { get; init; } = 256;

    /// <summary>XML elements and attributes in one body.</summary>
    public int XmlNodesMax { get; init; } = 65_536;

    /// <summary>Nested selection sets and values in a GraphQL document.</summary>
    public int GraphQlDepthMax { get; init; } = 256;

    /// <summary>Parts of a multipart body.</summary>
    public int MultipartPartsMax { get; init; } = 4096;

    /// <summary>Header bytes of one multipart part.</summary>
    public int MultipartHeaderBytesMax { get; init; } = 16 * 1024;

    /// <summary>Uploaded files in one body.</summary>
    public int FilesMax { get; init; } = 1000;

    /// <summary>Bytes of one uploaded file that are offered to inspection; its size is counted in full.</summary>
    public int FileBytesMax { get; init; } = 13_107_200;

    /// <summary>Bytes a compressed body may grow to.</summary>
    public int DecompressedBytesMax { get; init; } = 13_107_200;

    /// <summary>Most output bytes for one input byte of a compressed body, judged once 64 KiB have come out.</summary>
    public int DecompressionRatioMax { get; init; } = 200;

    /// <summary>Content codings applied one after the other.</summary>
    public int ContentCodingsMax { get; init; } = 2;

    /// <summary>Bytes of a response body kept for inspection.</summary>
    public int ResponseBodyBytesMax { get; init; } = 512 * 1024;

    /// <summary>Buffers larger than this are given back to the collector between requests, in bytes.</summary>
    public int RetainedBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// The exceeded bounds that mean refusal: all that make content invisible, see <see cref="LimitEffects"/>.
    /// </summary>
    public ExceededLimits RejectOn { get; init; } = LimitEffects.All & ~LimitEffects.Ignored;

    /// <summary>
    /// Most bytes one request's arena may take: the body as sent, decoded, and its arguments decoded.
    /// </summary>
    internal int ArenaBytesMax => (int)Math.Min(
        int.MaxValue / 2,
        2L * HeaderBytesMax + 3L * BodyBytesMax + DecompressedBytesMax + 1024 * 1024);
}
