using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <summary>
/// One request in the form everything behind the reader works on: slices of one arena instead of strings, decoded once.
/// Feed it with <see cref="Begin(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, AddHeader for each
/// line, <see cref="EndHeaders"/>, AppendBody for each chunk and <see cref="EndBody"/>; how the body was cut into
/// chunks changes nothing. Reused through <see cref="Reset"/>; not thread-safe. Slices are valid until Reset.
/// Malformed input is never an exception: it shows in <see cref="Anomalies"/>, <see cref="Multipart"/>,
/// <see cref="BodyError"/> and <see cref="Exceeded"/>.
/// </summary>
public sealed partial class CanonicalRequest
{
    private readonly ByteArena _arena;
    private readonly HttpLimits _limits;
    private readonly Entries<Header> _headers = new();
    private readonly Entries<Cookie> _cookies = new();
    private readonly Entries<Argument> _arguments = new();
    private readonly Entries<UploadedFile> _files = new();
    private readonly Entries<PartHeader> _partHeaders = new();
    private readonly Entries<XmlValue> _xmlTexts = new();
    private readonly Entries<XmlValue> _xmlAttributes = new();
    private readonly Entries<uint> _argumentNames = new();

    /// <summary>An empty request that keeps to the given bounds.</summary>
    public CanonicalRequest(HttpLimits? limits = null)
    {
        Limits = _limits = limits ?? HttpLimits.Default;
        _arena = new ByteArena(Limits.ArenaBytesMax, Limits.RetainedBytesMax);
    }

    /// <summary>
    /// The bounds this request is read under. Once its route is known they may be made that route's, before EndBody;
    /// what the request may take in memory stays as it was built. Reset brings the first ones back.
    /// </summary>
    public HttpLimits Limits { get; set; }

    /// <summary>Separates arguments in queries and forms (SecArgumentSeparator). Set it before EndHeaders.</summary>
    public byte ArgumentSeparator { get; set; } = (byte)'&';

    /// <summary>
    /// Where the bytes of unpacked bodies are taken from; null without a common bound. Set it before EndBody.
    /// </summary>
    public IMemoryRoom? Room { get; set; }

    /// <summary>The room had no more bytes: only the beginning of the body was unpacked.</summary>
    public bool IsOutOfRoom { get; internal set; }

    /// <summary>The bytes of a slice of this request.</summary>
    public ReadOnlySpan<byte> this[Slice slice] => _arena[slice];

    /// <summary>Method as sent.</summary>
    public Slice Method { get; private set; }

    /// <summary>Method, target and protocol with one space between (REQUEST_LINE).</summary>
    public Slice RequestLine { get; private set; }

    /// <summary>Target as sent, with scheme and host where the client sent them (REQUEST_URI_RAW).</summary>
    public Slice RawUri { get; private set; }

    /// <summary>Target from its path on, as sent.</summary>
    public Slice Uri { get; private set; }

    /// <summary><see cref="Uri"/> with percent escapes decoded once.</summary>
    public Slice DecodedUri { get; private set; }

    /// <summary>Path as sent, without the query.</summary>
    public Slice RawPath { get; private set; }

    /// <summary>Query as sent, without the question mark (QUERY_STRING).</summary>
    public Slice RawQuery { get; private set; }

    /// <summary>True when there is a question mark, also when nothing follows it.</summary>
    public bool HasQuery { get; private set; }

    /// <summary>Protocol as sent: HTTP/1.1, HTTP/2.0 (REQUEST_PROTOCOL).</summary>
    public Slice Protocol { get; private set; }

    /// <summary>Path with percent escapes decoded once (REQUEST_FILENAME).</summary>
    public Slice Path { get; private set; }

    /// <summary>What follows the last slash or backslash of <see cref="Path"/> (REQUEST_BASENAME).</summary>
    public Slice BaseName { get; private set; }

    /// <summary>
    /// Path decoded until nothing is left to decode (at most three times) and normalised: what policies, routes and
    /// exclusions are matched against.
    /// </summary>
    public Slice NormalPath { get; private set; }

    /// <summary>Value of the first Host header.</summary>
    public Slice Host { get; private set; }

    /// <summary>Value of the first Content-Type header.</summary>
    public Slice ContentType { get; private set; }

    /// <summary>Media type of it in lower case, without parameters.</summary>
    public Slice MediaType { get; private set; }

    /// <summary>The declared charset, empty when none is.</summary>
    public Slice Charset { get; private set; }

    /// <summary>Headers in wire order.</summary>
    public ReadOnlySpan<Header> Headers => _headers.AsSpan();

    /// <summary>Cookies in wire order.</summary>
    public ReadOnlySpan<Cookie> Cookies => _cookies.AsSpan();

    /// <summary>Arguments, those of the query first, then those of the body.</summary>
    public ReadOnlySpan<Argument> Arguments => _arguments.AsSpan();

    /// <summary>How many of <see cref="Arguments"/> come from the query.</summary>
    public int QueryArgumentCount { get; private set; }

    /// <summary>Arguments of the query (ARGS_GET).</summary>
    public ReadOnlySpan<Argument> QueryArguments => Arguments[..QueryArgumentCount];

    /// <summary>Arguments of the body (ARGS_POST).</summary>
    public ReadOnlySpan<Argument> BodyArguments => Arguments[QueryArgumentCount..];

    /// <summary>Bytes of all argument names and values (ARGS_COMBINED_SIZE).</summary>
    public long ArgumentsBytes { get; private set; }

    /// <summary>Uploaded files.</summary>
    public ReadOnlySpan<UploadedFile> Files => _files.AsSpan();

    /// <summary>Bytes of all uploaded files (FILES_COMBINED_SIZE).</summary>
    public long FilesBytes { get; private set; }

    /// <summary>Header lines of multipart parts.</summary>
    public ReadOnlySpan<PartHeader> PartHeaders => _partHeaders.AsSpan();

    /// <summary>Last filename parameter of a multipart body (MULTIPART_FILENAME).</summary>
    public Slice MultipartFileName { get; private set; }

    /// <summary>Last name parameter of a multipart body (MULTIPART_NAME).</summary>
    public Slice MultipartName { get; private set; }

    /// <summary>Texts of an XML body, each with its path.</summary>
    public ReadOnlySpan<XmlValue> XmlTexts => _xmlTexts.AsSpan();

    /// <summary>Attributes of an XML body (XML://@*).</summary>
    public ReadOnlySpan<XmlValue> XmlAttributes => _xmlAttributes.AsSpan();

    /// <summary>All texts of an XML body joined in document order, the value of XML:/*.</summary>
    public Slice XmlContent { get; private set; }

    /// <summary>
    /// Values of all attributes but namespaces, one a line. Rules see it as one more value of XML:/*, since most look
    /// at
    /// nothing else.
    /// </summary>
    public Slice XmlAttributeContent { get; private set; }

    /// <summary>The body after content coding and charset are undone, as far as it was kept.</summary>
    public Slice Body { get; private set; }

    /// <summary>The body as sent, as far as it was kept.</summary>
    public Slice RawBody { get; private set; }

    /// <summary>Bytes of body that came in, kept or not.</summary>
    public long BodyBytesSeen { get; private set; }

    /// <summary>Bytes of the body that are not content of files.</summary>
    public long BodyBytesWithoutFiles => Math.Max(0, Body.Length - FilesBytes);

    /// <summary>What the content type says.</summary>
    public BodyFormat Format { get; private set; }

    /// <summary>
    /// What reads the body. Equal to <see cref="Format"/> after EndHeaders; rules may choose another
    /// (ctl:requestBodyProcessor) before EndBody.
    /// </summary>
    public BodyFormat Processor { get; set; }

    /// <summary>
    /// Only the body's beginning is given, by the policy's choice. That a reader meets its end early is then no error;
    /// what a reader could not read is offered to inspection as one argument. Set it before EndBody.
    /// </summary>
    public bool IsBodyCut { get; set; }

    /// <summary>
    /// XML may declare entities and types that are not well known, by the policy's choice; what is declared is then
    /// shown as an argument. Set it before EndBody.
    /// </summary>
    public bool AllowsXmlDoctypes { get; set; }

    /// <summary>Why reading the body failed; anything but None is REQBODY_ERROR.</summary>
    public BodyError BodyError { get; private set; }

    /// <summary>A reader took the body apart to its end, so that nothing of it is left that no part shows.</summary>
    public bool IsBodyRead { get; internal set; }

    /// <summary>A short sentence for <see cref="BodyError"/> (REQBODY_ERROR_MSG).</summary>
    public string BodyErrorMessage => BodyError == BodyError.None ? "" : Problem?.Reason ?? "";

    /// <summary>Why and where a reader stopped: at an error of the body, or at a bound.</summary>
    public ReadProblem? Problem { get; private set; }

    /// <summary>Escapes that could not be decoded in an urlencoded query or body (URLENCODED_ERROR).</summary>
    public bool UrlEncodedError { get; private set; }

    /// <summary>Strictness facts of a multipart body.</summary>
    public MultipartFlags Multipart { get; private set; }

    /// <summary>True when MULTIPART_STRICT_ERROR is 1.</summary>
    public bool MultipartStrictError => (Multipart & StrictFlags) != 0;

    /// <summary>Facts about how the request was written.</summary>
    public Anomalies Anomalies { get; private set; }

    /// <summary>Bounds that were exceeded.</summary>
    public ExceededLimits Exceeded { get; internal set; }

    /// <summary>What of the body no reader showed in parts.</summary>
    public UnreadContent Unread { get; private set; }

    /// <summary>How many bytes of the body that is.</summary>
    public long UnreadBytes { get; private set; }

    /// <summary>True when a bound was exceeded that the limits count as a reason to refuse.</summary>
    public bool MustReject => (Exceeded & Limits.RejectOn) != 0;

    /// <summary>
    /// The same where the policy processes long bodies in part: bounds on the body's structure then cut instead.
    /// </summary>
    public bool MustRejectInPart => (Exceeded & Limits.RejectOn & ~LimitEffects.BodyStructure) != 0;

    /// <summary>What a multipart body shows when it ends before its last boundary.</summary>
    private const MultipartFlags CutFlags =
        MultipartFlags.Error | MultipartFlags.InvalidPart | MultipartFlags.UnmatchedBoundary
        | MultipartFlags.UnmatchedBoundaryInside;

    private const MultipartFlags StrictFlags =
        MultipartFlags.Error | MultipartFlags.BoundaryQuoted | MultipartFlags.BoundaryWhitespace
        | MultipartFlags.DataBefore | MultipartFlags.DataAfter | MultipartFlags.HeaderFolding | MultipartFlags.LfLine
        | MultipartFlags.MissingSemicolon | MultipartFlags.InvalidQuoting | MultipartFlags.InvalidPart
        | MultipartFlags.InvalidHeaderFolding | MultipartFlags.FileLimitExceeded;

    /// <summary>How much the reader did so far.</summary>
    public ReadWork ReadWork => new(
        (long)_arena.Length + BodyBytesSeen,
        (long)_headers.Count + _cookies.Count + _arguments.Count + _files.Count + _partHeaders.Count + _xmlTexts.Count
            + _xmlAttributes.Count);

    internal ByteArena Arena => _arena;

    /// <summary>The first header of that name; <paramref name="lowerName"/> must be in lower case.</summary>
    public bool TryGetHeader(ReadOnlySpan<byte> lowerName, out Slice value)
    {
        var hash = NameHash.Of(lowerName);
        foreach (ref readonly var header in Headers)
        {
            if (header.NameHash != hash || !this[header.LowerName].SequenceEqual(lowerName)) continue;
            value = header.Value;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Empties the request for the next one.</summary>
    public void Reset()
    {
        Limits = _limits;
        Room = null;
        IsOutOfRoom = false;
        _arena.Reset();
        _headers.Clear();
        _cookies.Clear();
        _arguments.Clear();
        _files.Clear();
        _partHeaders.Clear();
        _xmlTexts.Clear();
        _xmlAttributes.Clear();
        _argumentNames.Clear();
        ArgumentSeparator = (byte)'&';
        Method = RequestLine = RawUri = Uri = DecodedUri = RawPath = RawQuery = Protocol = default;
        Path = BaseName = NormalPath = OtherPath = Host = ContentType = MediaType = Charset = default;
        MultipartFileName = MultipartName = XmlContent = XmlAttributeContent = Body = RawBody = default;
        HasQuery = UrlEncodedError = IsBodyCut = AllowsXmlDoctypes = false;
        QueryArgumentCount = 0;
        ArgumentsBytes = FilesBytes = BodyBytesSeen = 0;
        Format = Processor = BodyFormat.None;
        BodyError = BodyError.None;
        Multipart = MultipartFlags.None;
        Anomalies = Anomalies.None;
        Exceeded = ExceededLimits.None;
        Unread = UnreadContent.None;
        UnreadBytes = 0;
        ResetReading();
    }
}
