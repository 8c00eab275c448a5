using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// The parts of a request as training cut them (models/training/wafml/parts.py), normalised, one after the other: for
/// rows of tokens here, or for a pool that makes them. What is left out is said. Reused; not thread-safe.
/// </summary>
internal abstract class RequestText
{
    private static readonly int PathMarker = SubwordTokenizer.Special("<PATH>");
    private static readonly int Query = SubwordTokenizer.Special("<PARAM_VALUE>");
    private static readonly int Name = SubwordTokenizer.Special("<PARAM_NAME>");
    private static readonly int Cookie = SubwordTokenizer.Special("<COOKIE>");
    private static readonly int Header = SubwordTokenizer.Special("<HEADER>");
    private static readonly int Agent = SubwordTokenizer.Special("<USER_AGENT>");
    private static readonly int Referer = SubwordTokenizer.Special("<REFERER>");
    private static readonly int ContentType = SubwordTokenizer.Special("<CONTENT_TYPE>");
    private static readonly int Form = SubwordTokenizer.Special("<FORM>");
    private static readonly int Json = SubwordTokenizer.Special("<JSON>");
    private static readonly int Xml = SubwordTokenizer.Special("<XML>");
    private static readonly int Multipart = SubwordTokenizer.Special("<MULTIPART>");
    private static readonly int Body = SubwordTokenizer.Special("<BODY>");

    private readonly byte[] _text = new byte[ValueNormalizer.ValueBytesMax];

    /// <summary>Parts, or the ends of some, were left out.</summary>
    public bool IsCut { get; private set; }

    /// <summary>All that there is room for is there already.</summary>
    protected abstract bool IsFull { get; }

    /// <summary>Says that parts were left out.</summary>
    public void Cut() => IsCut = true;

    /// <summary>
    /// Adds a part, in the order of <see cref="RequestParts"/>; returns the bytes that were read for it.
    /// </summary>
    public int Add(CanonicalRequest request, in RequestPart part)
    {
        var value = request[part.Value];
        // Training data has no headers of parts; models of values are shown them.
        if (part.Kind is PartKind.PartHeader || !PartRules.IsWorthScoring(request, part)) return 0;
        if (IsFull)
        {
            IsCut = true;
            return 0;
        }

        var (section, marker) = PlaceOf(request, part);
        var read = 0;
        if (PartRules.HasClientName(part.Kind)
            && PartRules.FirstOddName(part.Kind, request[part.Name]) is { IsEmpty: false } name)
        {
            name = Bounded(name);
            var written = ValueNormalizer.Normalize(name, _text, out var odd);
            Take(section, Name, odd, _text.AsSpan(0, written));
            read += name.Length;
        }

        value = Bounded(value);
        var length = PartRules.Normalize(part.Kind, value, _text, out var flags);
        if (!ValueNormalizer.IsPlain(_text.AsSpan(0, length), flags))
            Take(section, marker, flags, _text.AsSpan(0, length));
        return read + value.Length;
    }

    /// <summary>A normalised value, the special token that says what it is, and the section that it is in.</summary>
    protected abstract void Take(
        RequestSection section, int marker, ValueFlags flags, ReadOnlySpan<byte> normalized);

    /// <summary>Begins another request.</summary>
    protected void Clear() => IsCut = false;

    private ReadOnlySpan<byte> Bounded(ReadOnlySpan<byte> value)
    {
        IsCut |= value.Length > _text.Length;
        return value[..Math.Min(value.Length, _text.Length)];
    }

    private static (RequestSection Section, int Marker) PlaceOf(CanonicalRequest request, in RequestPart part) =>
        part.Kind switch
        {
            PartKind.Path => (RequestSection.Path, PathMarker),
            PartKind.QueryArgument => (RequestSection.Query, Query),
            PartKind.Header => (RequestSection.Headers, HeaderMarker(request[part.Name])),
            PartKind.Cookie => (RequestSection.Headers, Cookie),
            PartKind.BodyArgument when request.Processor is BodyFormat.Multipart => (RequestSection.Body, Multipart),
            PartKind.BodyArgument when request[part.Name].StartsWith("json."u8) => (RequestSection.Body, Json),
            PartKind.BodyArgument => (RequestSection.Body, Form),
            PartKind.XmlText or PartKind.XmlAttribute => (RequestSection.Body, Xml),
            PartKind.FileName => (RequestSection.Body, Multipart),
            _ => (RequestSection.Body, part.Name.IsEmpty ? Body : Multipart),
        };

    private static int HeaderMarker(ReadOnlySpan<byte> lowerName) =>
        lowerName.SequenceEqual("user-agent"u8) ? Agent
        : lowerName.SequenceEqual("referer"u8) ? Referer
        : lowerName.SequenceEqual("content-type"u8) ? ContentType
        : Header;
}
