namespace WafOperator.Http;

/// <summary>
/// Signs of a request built to be read differently by different programs. Each is a fact about the bytes, not a
/// verdict; rules and models weigh them.
/// </summary>
[Flags]
public enum Anomalies : long
{
    /// <summary>Nothing unusual.</summary>
    None = 0,

    /// <summary>A decoded value still holds percent escapes: it was encoded more than once.</summary>
    MultipleEncoding = 1L << 0,

    /// <summary>A percent sign without two hexadecimal digits behind it.</summary>
    MalformedPercent = 1L << 1,

    /// <summary>A zero byte in path, name or value.</summary>
    NulByte = 1L << 2,

    /// <summary>A UTF-8 sequence longer than its code point needs.</summary>
    OverlongUtf8 = 1L << 3,

    /// <summary>Bytes that are not UTF-8 where a client would send UTF-8.</summary>
    InvalidUtf8 = 1L << 4,

    /// <summary>A %uXXXX escape, which only some servers decode.</summary>
    UnicodePercent = 1L << 5,

    /// <summary>Dot segments, doubled slashes or backslashes in the path.</summary>
    PathTraversal = 1L << 6,

    /// <summary>An encoded slash, backslash or dot in the path.</summary>
    EncodedPathSeparator = 1L << 7,

    /// <summary>The same argument name more than once in one place.</summary>
    DuplicateArgument = 1L << 8,

    /// <summary>The same key twice in one JSON object.</summary>
    DuplicateJsonKey = 1L << 9,

    /// <summary>JSON that breaks RFC 8259.</summary>
    MalformedJson = 1L << 10,

    /// <summary>XML that is not well formed.</summary>
    MalformedXml = 1L << 11,

    /// <summary>A document type declaration in XML.</summary>
    XmlDoctype = 1L << 12,

    /// <summary>An entity declared in the document itself, or one that names something outside.</summary>
    XmlEntityDeclaration = 1L << 13,

    /// <summary>A GraphQL document that does not parse.</summary>
    MalformedGraphQl = 1L << 14,

    /// <summary>A multipart body that breaks a strictness rule, see <see cref="MultipartFlags"/>.</summary>
    MalformedMultipart = 1L << 15,

    /// <summary>The same name or filename parameter twice in one part.</summary>
    DuplicatePartParameter = 1L << 16,

    /// <summary>A compressed body that does not decompress.</summary>
    MalformedCompression = 1L << 17,

    /// <summary>A content coding nobody registered.</summary>
    UnknownContentCoding = 1L << 18,

    /// <summary>A declared charset that is not a superset of ASCII; values were converted to UTF-8.</summary>
    UnusualCharset = 1L << 19,

    /// <summary>A declared charset that is not known; values are as sent.</summary>
    UnknownCharset = 1L << 20,

    /// <summary>More than one Content-Type header, or charset or boundary given twice.</summary>
    DuplicateContentType = 1L << 21,

    /// <summary>More than one Content-Length, or one that is not a plain number.</summary>
    BadContentLength = 1L << 22,

    /// <summary>Content-Length and Transfer-Encoding together.</summary>
    LengthAndTransferEncoding = 1L << 23,

    /// <summary>A Transfer-Encoding other than a single "chunked".</summary>
    BadTransferEncoding = 1L << 24,

    /// <summary>More than one Host header, or none in HTTP/1.1.</summary>
    BadHost = 1L << 25,

    /// <summary>A header line folded over several lines.</summary>
    FoldedHeader = 1L << 26,

    /// <summary>
    /// A header name or line that breaks the grammar (white space before the colon, no colon, control bytes).
    /// </summary>
    MalformedHeader = 1L << 27,

    /// <summary>A line that ends in LF without CR.</summary>
    BareLineFeed = 1L << 28,

    /// <summary>An extension behind a chunk's size.</summary>
    ChunkExtension = 1L << 29,

    /// <summary>Chunked framing that breaks the grammar.</summary>
    MalformedChunk = 1L << 30,

    /// <summary>A request line that breaks the grammar.</summary>
    MalformedRequestLine = 1L << 31,

    /// <summary>A request target in absolute form.</summary>
    AbsoluteTarget = 1L << 32,

    /// <summary>A body on a method that has none.</summary>
    UnexpectedBody = 1L << 33,

    /// <summary>Trailer fields behind a chunked body.</summary>
    Trailers = 1L << 34,
}

/// <summary>
/// The strictness facts of a multipart body, one for each MULTIPART_* variable of the ModSecurity reference manual.
/// </summary>
[Flags]
public enum MultipartFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Reading stopped at an error (part of MULTIPART_STRICT_ERROR).</summary>
    Error = 1 << 0,

    /// <summary>MULTIPART_BOUNDARY_QUOTED.</summary>
    BoundaryQuoted = 1 << 1,

    /// <summary>MULTIPART_BOUNDARY_WHITESPACE.</summary>
    BoundaryWhitespace = 1 << 2,

    /// <summary>MULTIPART_DATA_BEFORE.</summary>
    DataBefore = 1 << 3,

    /// <summary>MULTIPART_DATA_AFTER.</summary>
    DataAfter = 1 << 4,

    /// <summary>MULTIPART_HEADER_FOLDING.</summary>
    HeaderFolding = 1 << 5,

    /// <summary>MULTIPART_LF_LINE.</summary>
    LfLine = 1 << 6,

    /// <summary>A line that ends in CRLF; together with <see cref="LfLine"/> it is MULTIPART_CRLF_LF_LINES.</summary>
    CrLfLine = 1 << 7,

    /// <summary>MULTIPART_MISSING_SEMICOLON.</summary>
    MissingSemicolon = 1 << 8,

    /// <summary>MULTIPART_INVALID_QUOTING.</summary>
    InvalidQuoting = 1 << 9,

    /// <summary>MULTIPART_INVALID_PART.</summary>
    InvalidPart = 1 << 10,

    /// <summary>MULTIPART_INVALID_HEADER_FOLDING.</summary>
    InvalidHeaderFolding = 1 << 11,

    /// <summary>MULTIPART_FILE_LIMIT_EXCEEDED.</summary>
    FileLimitExceeded = 1 << 12,

    /// <summary>A line looks like a boundary but is not ours: MULTIPART_UNMATCHED_BOUNDARY is 1.</summary>
    UnmatchedBoundary = 1 << 13,

    /// <summary>An unmatched line, and a boundary of ours after it: MULTIPART_UNMATCHED_BOUNDARY is 2.</summary>
    UnmatchedBoundaryInside = 1 << 14,
}
