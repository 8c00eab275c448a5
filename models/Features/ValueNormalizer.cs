using System.Buffers;

namespace WafOperator.Features;

/// <summary>
/// Decodes everything an application might decode, once, and flags what was odd. The specification is
/// models/training/wafml/normalize.py; golden/normalize.jsonl holds both equal. Works in place: no step lengthens a
/// value.
/// </summary>
public static class ValueNormalizer
{
    /// <summary>Bytes of a value that are looked at: all of it, or head, tail and pieces between.</summary>
    public const int ValueBytesMax = 128 << 10;

    private const int HeadBytes = 64 << 10;
    private const int TailBytes = (32 << 10) - 1;
    private const int Pieces = 32;
    private const int PieceBytes = 1023;

    /// <summary>Number of <see cref="ValueFlags"/>.</summary>
    public const int FlagCount = 15;

    private const int RoundsMax = 4;
    private const int PlainBytesMax = 64;

    private static readonly SearchValues<byte> DecodingStarts = SearchValues.Create(
        [(byte)'%', (byte)'&', (byte)'\\', 0x00, 0xc0, 0xc1, 0xe0, 0xe2, 0xef, 0xca]);

    private static readonly SearchValues<byte> PlainBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-"u8);

    /// <summary>
    /// Normalises <paramref name="value"/> (as its container delivers it: a parameter after its one URL decoding) into
    /// <paramref name="destination"/>, which needs min(length, <see cref="ValueBytesMax"/>) bytes. Returns the length
    /// written.
    /// </summary>
    public static int Normalize(ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags) =>
        Normalize(value, destination, out flags, out _);

    /// <summary>The same; also says how many bytes of the value were not read.</summary>
    public static int Normalize(ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags, out int unread)
    {
        (flags, unread) = (ValueFlags.None, 0);
        if (value.Length <= ValueBytesMax)
        {
            value.CopyTo(destination);
            return Rewrite(destination[..value.Length], ref flags);
        }

        flags |= ValueFlags.Truncated;
        unread = value.Length - HeadBytes - TailBytes - (Pieces * PieceBytes);
        return Rewrite(destination[..Sample(value, destination)], ref flags);
    }

    /// <summary>Head, pieces at equal distances and tail of a long value, a space before each.</summary>
    private static int Sample(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        value[..HeadBytes].CopyTo(destination);
        var length = HeadBytes;
        long span = value.Length - HeadBytes - TailBytes - PieceBytes;
        for (var i = 0; i < Pieces; i++)
        {
            destination[length++] = (byte)' ';
            value.Slice(HeadBytes + (int)(i * span / (Pieces - 1)), PieceBytes).CopyTo(destination[length..]);
            length += PieceBytes;
        }

        destination[length++] = (byte)' ';
        value[^TailBytes..].CopyTo(destination[length..]);
        return length + TailBytes;
    }

    private static int Rewrite(Span<byte> text, ref ValueFlags flags)
    {
        text = text[..Decode(text, ref flags)];
        if (SerializedObjects.BeginIn(text)) flags |= ValueFlags.Serialized;
        text = text[..GapPasses.Comments(text, ref flags)];
        text = text[..GapPasses.ShellGaps(text, ref flags)];
        return GapPasses.LowerAndCollapse(text, ref flags);
    }

    /// <summary>
    /// The same for a value whose container delivers it undecoded (cookies, headers): one percent decoding first,
    /// which is usual
    /// there and no flag.
    /// </summary>
    public static int NormalizeEscaped(ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags) =>
        NormalizeEscaped(value, destination, out flags, out _);

    /// <summary>The same; also says how many bytes of the value were not read.</summary>
    public static int NormalizeEscaped(
        ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags, out int unread)
    {
        if (value.IndexOf((byte)'%') < 0)
        {
            return Normalize(value, destination, out flags, out unread);
        }

        flags = ValueFlags.None;
        var length = 0;
        var read = 0;
        while (read < value.Length && length < ValueBytesMax)
        {
            var b = value[read++];
            if (b == '%' && read + 1 < value.Length && Hex.Fixed(value.Slice(read, 2)) is var decoded and >= 0)
            {
                b = (byte)decoded;
                read += 2;
            }

            destination[length++] = b;
        }

        unread = value.Length - read;
        if (unread > 0) flags |= ValueFlags.Truncated;
        return Rewrite(destination[..length], ref flags);
    }

    /// <summary>Lone words, numbers and identifiers: nothing to score.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> normalized, ValueFlags flags) =>
        flags == ValueFlags.None && normalized.Length <= PlainBytesMax
        && !normalized.ContainsAnyExcept(PlainBytes) && normalized.IndexOf(".."u8) < 0;

    private static int Decode(Span<byte> text, ref ValueFlags flags)
    {
        var changedRounds = 0;
        for (var round = 0; round < RoundsMax; round++)
        {
            var before = text.Length;
            if ((flags & ValueFlags.Base64) == 0)
            {
                text = text[..DecodingPasses.Base64Text(text, ref flags)];
            }

            if (text.ContainsAny(DecodingStarts))
            {
                text = text[..DecodingPasses.Percent(text, ref flags)];
                text = text[..DecodingPasses.Entities(text, ref flags)];
                text = text[..DecodingPasses.Backslashes(text, ref flags)];
                text = text[..DecodingPasses.Bytes(text, ref flags)];
            }

            if (text.Length == before)
            {
                break;
            }

            changedRounds++;
        }

        if (changedRounds >= 2)
        {
            flags |= ValueFlags.Rounds;
        }

        return text.Length;
    }
}
