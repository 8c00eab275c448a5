using System.Buffers;
using System.Text;
using WafOperator.Http.Bodies;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Messages;

/// <summary>How a message is written.</summary>
public enum MessageFormat
{
    /// <summary>Whatever it looks like: JSON or other text.</summary>
    Text,

    /// <summary>Protocol buffers; a codec of the application's own is read as text.</summary>
    Protobuf,
}

/// <summary>
/// One message of a stream, as arguments of a canonical request whose head was read before: JSON by its reader (names
/// as in
/// bodies), texts of protocol buffers by their path (<c>message.3.1</c>), other text whole (<c>message</c>).
/// </summary>
public static class MessageContent
{
    private const string Name = "message";

    /// <summary>
    /// Protocols put numbers, names of channels, or a few lines of headers before JSON (Socket.IO, SockJS, STOMP): so
    /// many bytes at most.
    /// </summary>
    private const int PrefixBytesMax = 1024;

    /// <summary>What some protocols put behind a message: the separator of records, the zero byte of STOMP.</summary>
    private static ReadOnlySpan<byte> Ends => [0x1e, 0];

    private static readonly SearchValues<byte> Brackets = SearchValues.Create("{["u8);

    /// <summary>
    /// Reads the message; returns how many of its bytes are of no kind that is read. A bound that was met shows in <see
    /// cref="CanonicalRequest.Exceeded"/>.
    /// </summary>
    public static long Read(CanonicalRequest request, ReadOnlySpan<byte> content, MessageFormat format, bool isCut)
    {
        request.IsBodyCut = true;
        if (content.IsEmpty) return 0;
        if (format is MessageFormat.Protobuf)
        {
            var found = new List<ProtobufText>();
            var reading = ProtobufStrings.Read(content, isCut, ProtobufLimits.Of(request.Limits), found);
            request.Note(reading.Exceeded);
            foreach (var text in found) Add(request, $"{Name}.{text.Path}", content[text.Value], text.IsClean);
            if (reading.IsMessage && !IsJson(content))
            {
                EmbeddedText.Show(request, request.QueryArgumentCount);
                return reading.UnreadBytes;
            }
        }

        return ReadText(request, content, isCut);
    }

    /// <summary>
    /// A message within a body whose reading goes on: texts by their path, JSON by its names, other text whole.
    /// </summary>
    /// <param name="request">Receives the texts.</param>
    /// <param name="content">The message.</param>
    /// <param name="isCut">It is only the beginning.</param>
    /// <param name="limits">Bounds on reading protocol buffers.</param>
    /// <param name="found">Room for what is found in them; empty.</param>
    internal static ProtobufReading ReadInBody(
        CanonicalRequest request, ReadOnlySpan<byte> content, bool isCut, ProtobufLimits limits,
        List<ProtobufText> found)
    {
        var reading = ProtobufStrings.Read(content, isCut, limits, found);
        request.Note(reading.Exceeded);
        foreach (var text in found)
            Show(request, $"{Name}.{text.Path}", content[text.Value], text.IsClean, isBody: false);
        if (reading.IsMessage && !IsJson(content)) return reading;
        return reading with { UnreadBytes = ReadTextInBody(request, content) };
    }

    private static long ReadTextInBody(CanonicalRequest request, ReadOnlySpan<byte> content)
    {
        // Another width shows as letters with zeros between them: said to be unread, its texts are looked at as bytes.
        if (BodyDecoder.IsWide(content) || !TextBytes.IsText(content, out var isClean))
            return ReadRuns(request, content);
        if (IsJson(content) && GuessJson(request, content)) return 0;
        Show(request, Name, content, isClean, isBody: false);
        var start = content[..Math.Min(content.Length, PrefixBytesMax)].IndexOfAny(Brackets);
        if (start > 0) GuessJson(request, content[start..]);
        return 0;
    }

    private static long ReadText(CanonicalRequest request, ReadOnlySpan<byte> content, bool isCut)
    {
        var text = content.TrimEnd(Ends);
        var json = text.TrimStart("0123456789 \t\r\n"u8);
        // A frame that says it is binary, bytes that are no UTF-8, another width: a reader of JSON takes them all.
        if (IsJson(json) || BodyDecoder.IsWide(content))
            return ReadJson(request, IsJson(json) ? json : content, isCut) ? 0 : content.Length;
        if (!TextBytes.IsText(content, out var isClean)) return ReadRuns(request, content);
        Add(request, Name, text, isClean || text.Length < content.Length && !HasControls(text));
        var start = text[..Math.Min(text.Length, PrefixBytesMax)].IndexOfAny(Brackets);
        if (start > 0) GuessJson(request, text[start..]);
        EmbeddedText.Show(request, request.QueryArgumentCount);
        // Bytes between letters may be another format, which keeps texts in pieces.
        return TextBytes.IsPlain(text) || isCut ? 0 : content.Length;
    }

    /// <summary>False for bytes that are neither JSON nor text without escapes.</summary>
    private static bool ReadJson(CanonicalRequest request, ReadOnlySpan<byte> json, bool isCut)
    {
        request.Processor = BodyFormat.Json;
        request.AppendBody(json);
        request.EndBody();
        // More lenient readers take more than ours does, and undo what is escaped there.
        return isCut || !request.Anomalies.HasFlag(Anomalies.MalformedJson)
            || TextBytes.IsPlain(json) && !TextEscapes.HoldsOwn(json);
    }

    /// <summary>What is JSON behind a prefix is shown by its names as well; false when it is none to its end.</summary>
    private static bool GuessJson(CanonicalRequest request, ReadOnlySpan<byte> json)
    {
        if (!request.Arena.TryAppend(json, out var document)) { request.NoMemory(); return false; }
        var facts = request.Facts;
        var isJson = JsonBodyReader.TryRead(request, document, out _) is null;
        request.Facts = facts;
        return isJson;
    }

    /// <summary>
    /// Other formats keep texts as they are: they are shown without their names. All of it counts as unread.
    /// </summary>
    private static long ReadRuns(CanonicalRequest request, ReadOnlySpan<byte> content)
    {
        if (!TextRuns.Holds(content)) return content.Length;
        if (!request.Arena.TryAppend(content, out var all) || !request.Arena.TryAppend("message"u8, out var name))
        {
            request.NoMemory();
            return content.Length;
        }

        if (!TextRuns.TryKeep(request, all, out var kept)) return content.Length;
        request.AddArgument(name, kept, name, kept, ArgumentSource.Json);
        EmbeddedText.Show(request, request.QueryArgumentCount);
        return content.Length;
    }

    private static bool IsJson(ReadOnlySpan<byte> content) =>
        content.Length > 1 && content[0] is (byte)'{' or (byte)'[';

    private static bool HasControls(ReadOnlySpan<byte> text)
    {
        TextBytes.IsText(text, out var isClean);
        return !isClean;
    }

    private static void Add(CanonicalRequest request, string name, ReadOnlySpan<byte> value, bool isClean) =>
        Show(request, name, value, isClean, isBody: true);

    /// <summary>Adds a text under a name; control bytes in it are shown as blanks.</summary>
    internal static void Show(
        CanonicalRequest request, string name, ReadOnlySpan<byte> value, bool isClean, bool isBody)
    {
        Span<byte> nameBytes = stackalloc byte[256];
        var length = Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(name.Length, nameBytes.Length)), nameBytes);
        if (isClean)
        {
            request.AddText(nameBytes[..length], value, isBody);
            return;
        }

        var shown = ArrayPool<byte>.Shared.Rent(value.Length);
        for (var i = 0; i < value.Length; i++)
            shown[i] = value[i] is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\n') or 0x7F ? (byte)' '
                : value[i];
        request.AddText(nameBytes[..length], shown.AsSpan(0, value.Length), isBody);
        ArrayPool<byte>.Shared.Return(shown);
    }
}
