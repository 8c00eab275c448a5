using WafOperator.Http.Decoding;

namespace WafOperator.Http.Messages;

/// <summary>Bounds on reading one message of protocol buffers.</summary>
/// <param name="FieldsMax">Texts that are shown.</param>
/// <param name="DepthMax">Messages within messages.</param>
/// <param name="WorkMax">Bytes that are walked over, those of nested messages once for each level.</param>
public sealed record ProtobufLimits(int FieldsMax = 20_000, int DepthMax = 256, long WorkMax = 32 * 1024 * 1024)
{
    public static readonly ProtobufLimits Default = new();

    /// <summary>The bounds that hold for the other bodies of a request.</summary>
    public static ProtobufLimits Of(HttpLimits limits) =>
        (limits.ArgumentsMax, limits.JsonDepthMax) == (Default.FieldsMax, Default.DepthMax)
            ? Default : new(limits.ArgumentsMax, Math.Min(limits.JsonDepthMax, Default.DepthMax));
}

/// <summary>A text in a message.</summary>
/// <param name="Path">Field numbers from the outermost message to the text: <c>3.1</c>.</param>
/// <param name="Value">Where it is in the message.</param>
/// <param name="IsClean">It has no control bytes; else they are to be shown as blanks.</param>
public readonly record struct ProtobufText(string Path, Range Value, bool IsClean);

/// <summary>What reading a message found out.</summary>
/// <param name="IsMessage">The bytes are fields to their end.</param>
/// <param name="UnreadBytes">Bytes of fields that are neither text nor a message, or lie beyond a bound.</param>
/// <param name="Exceeded">
/// The bounds behind which something was left out. A client can bring that about, so it is no ordinary unread content.
/// </param>
public readonly record struct ProtobufReading(bool IsMessage, long UnreadBytes, ExceededLimits Exceeded)
{
    /// <summary>Bytes that were walked over, those of nested messages once for each level.</summary>
    public long Work { get; init; }
}

/// <summary>
/// Finds what may be text in a message whose schema is not known, by the wire format alone
/// (https://protobuf.dev/programming-guides/encoding/). Bytes that can be both a text and a message are shown as both.
/// Pure; bounded; never throws.
/// </summary>
public static class ProtobufStrings
{
    /// <summary>
    /// Bytes within numbers, tags and lengths that can be read as letters: from so many on, a "message" may be a text
    /// in disguise, of which its fields are but pieces.
    /// </summary>
    private const int DisguisedBytesMin = 8;

    /// <summary>Fewer letters than this harm nobody.</summary>
    private const int LettersMin = 4;

    /// <param name="message">The message, or its beginning.</param>
    /// <param name="isCut">It is only the beginning.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="found">Receives the texts.</param>
    public static ProtobufReading Read(
        ReadOnlySpan<byte> message, bool isCut, ProtobufLimits limits, ICollection<ProtobufText> found)
    {
        var walk = new Walk(limits, found);
        if (!walk.TryMeasure(message, isCut, out _))
            return new ProtobufReading(false, message.Length, walk.Exceeded) { Work = walk.Work };
        var unread = walk.Fields(message, isCut, 0, "", 0);
        return new ProtobufReading(true, unread, walk.Exceeded) { Work = walk.Work };
    }

    /// <summary>Whether the field in which a message was cut is its last one.</summary>
    /// <param name="window">The message's beginning.</param>
    /// <param name="length">Bytes of the whole message.</param>
    public static bool EndsInCutField(ReadOnlySpan<byte> window, long length)
    {
        for (var at = 0; at < window.Length;)
        {
            if (!TryVarint(window, ref at, out var tag)) return false;
            switch (tag & 7)
            {
                case 0:
                    if (!TryVarint(window, ref at, out _)) return false;
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    if (!TryVarint(window, ref at, out var bytes) || bytes > int.MaxValue) return false;
                    if (at + (long)bytes >= window.Length) return at + (long)bytes == length;
                    at += (int)bytes;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    private static bool TryVarint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            value |= (ulong)(bytes[at] & 0x7f) << shift;
            if (bytes[at++] < 0x80) return true;
        }

        return false;
    }

    /// <summary>Whether bytes are worth being looked at as text, and whether they hold control bytes.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes, out bool isClean) => TextBytes.IsText(bytes, out isClean);

    /// <summary>One field as the walk steps over it.</summary>
    private readonly ref struct Field(int number, bool isDelimited, Range content)
    {
        public int Number { get; } = number;

        /// <summary>A string, bytes, a message or packed numbers; else a number.</summary>
        public bool IsDelimited { get; } = isDelimited;

        public Range Content { get; } = content;
    }

    private sealed class Walk(ProtobufLimits limits, ICollection<ProtobufText> found)
    {
        public long Work { get; private set; }

        public ExceededLimits Exceeded { get; private set; }

        /// <summary>
        /// Steps over a whole message without looking into its fields; counts letters in its numbers, tags and lengths.
        /// </summary>
        public bool TryMeasure(ReadOnlySpan<byte> message, bool isCut, out int disguised)
        {
            disguised = 0;
            if (message.IsEmpty) return false;
            var (position, groups) = (0, 0);
            while (position < message.Length)
            {
                var start = position;
                if (!TryNext(message, isCut, ref position, ref groups, out var field)) return false;
                // Of a text only what stands before it is no text: its tag and its length.
                var (content, length) = field.Content.GetOffsetAndLength(message.Length);
                var header = field.IsDelimited ? message[start..content] : message.Slice(content, length);
                foreach (var value in header) disguised += value is >= 0x20 and < 0x7F ? 1 : 0;
            }

            return groups == 0 || isCut;
        }

        /// <summary>Shows the texts of a message that was measured; returns the bytes that are left unread.</summary>
        public long Fields(ReadOnlySpan<byte> message, bool isCut, int start, string prefix, int depth)
        {
            long unread = 0;
            var (position, groups) = (0, 0);
            while (position < message.Length && TryNext(message, isCut, ref position, ref groups, out var field))
            {
                if (!field.IsDelimited) continue;
                var (offset, length) = field.Content.GetOffsetAndLength(message.Length);
                var isLast = isCut && offset + length == message.Length;
                unread += Content(message.Slice(offset, length), isLast, start + offset, (prefix, field.Number), depth);
            }

            return unread;
        }

        private long Content(
            ReadOnlySpan<byte> content, bool isCut, int start, (string Prefix, int Number) name, int depth)
        {
            if (content.IsEmpty) return 0;
            if (found.Count >= limits.FieldsMax) return Exceed(ExceededLimits.Arguments, content);
            // Only depth makes more work than the message has bytes.
            if (Work > limits.WorkMax) return Exceed(ExceededLimits.JsonDepth, content);
            var isMessage = TryMeasure(content, isCut, out var disguised);
            var isText = IsText(content, out var isClean);
            if (!isMessage && !isText) return content.Length < LettersMin ? 0 : content.Length;
            var path = name.Prefix.Length == 0 ? $"{name.Number}" : $"{name.Prefix}.{name.Number}";
            if (isText && (!isMessage || isClean || disguised >= DisguisedBytesMin))
                found.Add(new ProtobufText(path, start..(start + content.Length), isClean));
            if (!isMessage) return 0;
            return depth + 1 < limits.DepthMax
                ? Fields(content, isCut, start, path, depth + 1)
                : Exceed(ExceededLimits.JsonDepth, content);
        }

        private long Exceed(ExceededLimits limit, ReadOnlySpan<byte> content)
        {
            Exceeded |= limit;
            return content.Length;
        }

        /// <summary>The next field. Groups are transparent: what is in one counts as the message's own.</summary>
        private bool TryNext(
            ReadOnlySpan<byte> message, bool isCut, ref int position, ref int groups, out Field field)
        {
            field = default;
            var start = position;
            if (!TryVarint(message, ref position, out var tag)) return isCut && End(message, ref position);
            var number = (int)((tag >> 3) & 0x1FFFFFFF);
            if (number == 0) return false;
            var content = position;
            switch (tag & 7)
            {
                case 0:
                    if (!TryVarint(message, ref position, out _)) return isCut && End(message, ref position);
                    break;
                case 1 or 5:
                    position += (tag & 7) == 1 ? 8 : 4;
                    break;
                case 2:
                    if (!TryVarint(message, ref position, out var length)) return isCut && End(message, ref position);
                    content = position;
                    // Libraries of Java and .NET leave out what is beyond 32 bits, others refuse the message.
                    length &= uint.MaxValue;
                    if (length > (ulong)(message.Length - position) && !isCut) return false;
                    position += (int)Math.Min(length, (ulong)(message.Length - position));
                    field = new Field(number, isDelimited: true, content..position);
                    break;
                case 3:
                    groups++;
                    break;
                case 4 when groups > 0:
                    groups--;
                    break;
                default:
                    return false;
            }

            if (position > message.Length && !isCut) return false;
            position = Math.Min(position, message.Length);
            Work += position - start;
            if (!field.IsDelimited) field = new Field(number, isDelimited: false, content..position);
            return true;
        }

        private static bool End(ReadOnlySpan<byte> message, ref int position)
        {
            position = message.Length;
            return true;
        }

        private static bool TryVarint(ReadOnlySpan<byte> message, ref int position, out ulong value)
        {
            value = 0;
            for (var shift = 0; shift < 70; shift += 7)
            {
                if (position >= message.Length) return false;
                var next = message[position++];
                value |= (ulong)(next & 0x7F) << Math.Min(shift, 63);
                if (next < 0x80) return true;
            }

            return false;
        }
    }
}
