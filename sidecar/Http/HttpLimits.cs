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
    public int CookiesMax { get; init; } = 200;

    /// <summary>Arguments of query and body together; a JSON or XML leaf is one argument.</summary>
    public int ArgumentsMax { get; init; } = 4096;

    /// <summary>Decoded bytes of one argument name or value; the rest of it is cut off.</summary>
    public int ArgumentBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Bytes of the body kept for inspection, before and after decompression.</summary>
    public int BodyBytesMax { get; init; } = 13_107_200;

    /// <summary>Bytes of the body that do not belong to uploaded files.</summary>
    public int BodyNoFilesBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Nested JSON containers.</summary>
    public int JsonDepthMax { get; init; } = 64;

    /// <summary>JSON scalars in one body; keys and containers may be four times as many.</summary>
    public int JsonLeavesMax { get; init; } = 4000;

    /// <summary>Nested XML elements.</summary>
    public int XmlDepthMax { get; init; } = 64;

    /// <summary>XML elements and attributes in one body.</summary>
    public int XmlNodesMax { get; init; } = 16384;

    /// <summary>Nested selection sets and values in a GraphQL document.</summary>
    public int GraphQlDepthMax { get; init; } = 64;

    /// <summary>Parts of a multipart body.</summary>
    public int MultipartPartsMax { get; init; } = 256;

    /// <summary>Header bytes of one multipart part.</summary>
    public int MultipartHeaderBytesMax { get; init; } = 4096;

    /// <summary>Uploaded files in one body.</summary>
    public int FilesMax { get; init; } = 100;

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
    /// The exceeded bounds that mean refusal; the others mean that the rest goes uninspected and is noted.
    /// </summary>
    public ExceededLimits RejectOn { get; init; } =
        ExceededLimits.HeaderBytes | ExceededLimits.Headers | ExceededLimits.Arguments
        | ExceededLimits.DecompressionRatio | ExceededLimits.DecompressedBytes | ExceededLimits.ContentCodings
        | ExceededLimits.JsonDepth | ExceededLimits.XmlDepth | ExceededLimits.Memory;

    /// <summary>
    /// Most bytes one request's arena may take: the body as sent, decoded, and its arguments decoded.
    /// </summary>
    internal int ArenaBytesMax => (int)Math.Min(
        int.MaxValue / 2,
        2L * HeaderBytesMax + 3L * BodyBytesMax + DecompressedBytesMax + 1024 * 1024);
}

/// <summary>Which bounds of <see cref="HttpLimits"/> a request exceeded.</summary>
[Flags]
public enum ExceededLimits
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>More header bytes than HeaderBytesMax; later headers are missing.</summary>
    HeaderBytes = 1 << 0,

    /// <summary>More header lines than HeadersMax; later headers are missing.</summary>
    Headers = 1 << 1,

    /// <summary>More cookies than CookiesMax.</summary>
    Cookies = 1 << 2,

    /// <summary>More arguments than ArgumentsMax.</summary>
    Arguments = 1 << 3,

    /// <summary>An argument longer than ArgumentBytesMax was cut.</summary>
    ArgumentBytes = 1 << 4,

    /// <summary>The body is longer than BodyBytesMax; only its beginning was kept.</summary>
    BodyBytes = 1 << 5,

    /// <summary>The body without its files is longer than BodyNoFilesBytesMax.</summary>
    BodyNoFilesBytes = 1 << 6,

    /// <summary>JSON nested deeper than JsonDepthMax; deeper values are left out.</summary>
    JsonDepth = 1 << 7,

    /// <summary>More JSON scalars than JsonLeavesMax.</summary>
    JsonLeaves = 1 << 8,

    /// <summary>XML nested deeper than XmlDepthMax.</summary>
    XmlDepth = 1 << 9,

    /// <summary>More XML nodes than XmlNodesMax.</summary>
    XmlNodes = 1 << 10,

    /// <summary>GraphQL nested deeper than GraphQlDepthMax.</summary>
    GraphQlDepth = 1 << 11,

    /// <summary>More multipart parts than MultipartPartsMax.</summary>
    MultipartParts = 1 << 12,

    /// <summary>A part's headers are longer than MultipartHeaderBytesMax.</summary>
    MultipartHeaderBytes = 1 << 13,

    /// <summary>More uploaded files than FilesMax.</summary>
    Files = 1 << 14,

    /// <summary>A file longer than FileBytesMax is offered only in part.</summary>
    FileBytes = 1 << 15,

    /// <summary>A compressed body grew beyond DecompressedBytesMax.</summary>
    DecompressedBytes = 1 << 16,

    /// <summary>A compressed body grew faster than DecompressionRatioMax.</summary>
    DecompressionRatio = 1 << 17,

    /// <summary>More content codings than ContentCodingsMax; the body stays encoded.</summary>
    ContentCodings = 1 << 18,

    /// <summary>A response body longer than ResponseBodyBytesMax was kept in part.</summary>
    ResponseBodyBytes = 1 << 19,

    /// <summary>The request's memory was used up by decoding; values are missing.</summary>
    Memory = 1 << 20,
}
