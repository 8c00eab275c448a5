using System.Buffers;
using System.Text;
using WafOperator.Http.Bodies;

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
    private const byte RecordSeparator = 0x1E;

    /// <summary>Reads the message; returns how many of its bytes are of no kind that is read.</summary>
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
            EmbeddedText.Show(request, request.QueryArgumentCount);
            if (reading.IsMessage && !IsJson(content)) return reading.UnreadBytes;
        }

        return ReadText(request, content);
    }

    private static long ReadText(CanonicalRequest request, ReadOnlySpan<byte> content)
    {
        if (!ProtobufStrings.IsText(content, out var isClean)) return content.Length;
        // Some protocols put a number of their own before the JSON, or a separator behind it.
        var text = content.TrimEnd(RecordSeparator);
        var json = text.TrimStart("0123456789 \t\r\n"u8);
        if (!IsJson(json))
        {
            Add(request, Name, text, isClean || text.Length < content.Length && !HasControls(text));
            EmbeddedText.Show(request, request.QueryArgumentCount);
            return 0;
        }

        request.Processor = BodyFormat.Json;
        request.AppendBody(json);
        request.EndBody();
        return 0;
    }

    private static bool IsJson(ReadOnlySpan<byte> content) =>
        content.Length > 1 && content[0] is (byte)'{' or (byte)'[';

    private static bool HasControls(ReadOnlySpan<byte> text)
    {
        ProtobufStrings.IsText(text, out var isClean);
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
