namespace WafOperator.Http;

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

/// <summary>What it means that a bound was exceeded.</summary>
public static class LimitEffects
{
    /// <summary>
    /// The only bounds that a request may exceed without being refused, each because nothing is hidden by it that is
    /// not said elsewhere. A bound that is not here refuses: a new one does so until somebody gives its reason.
    /// </summary>
    public const ExceededLimits Ignored =
        // The proxy asks the policy (body.overLimit) about bodies longer than it holds, before any reader runs.
        ExceededLimits.BodyBytes
        // A count for INBOUND_DATA_ERROR; everything is still read.
        | ExceededLimits.BodyNoFilesBytes
        // What lies behind is counted in UnreadContent.FileContent.
        | ExceededLimits.FileBytes
        // A fact about the response, not the request.
        | ExceededLimits.ResponseBodyBytes;

    /// <summary>
    /// Bounds on the structure of a body. Where the policy processes long bodies in part (body.overLimit), what lies
    /// behind these passes as the rest of a long body does; the event names the bound.
    /// </summary>
    public const ExceededLimits BodyStructure =
        ExceededLimits.Arguments | ExceededLimits.ArgumentBytes | ExceededLimits.JsonDepth | ExceededLimits.JsonLeaves
        | ExceededLimits.XmlDepth | ExceededLimits.XmlNodes | ExceededLimits.GraphQlDepth
        | ExceededLimits.MultipartParts | ExceededLimits.MultipartHeaderBytes | ExceededLimits.Files;

    /// <summary>Every bound there is.</summary>
    public static readonly ExceededLimits All =
        Enum.GetValues<ExceededLimits>().Aggregate(ExceededLimits.None, (all, one) => all | one);
}
