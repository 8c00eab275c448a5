using System.Buffers;

namespace WafOperator.Features;

/// <summary>
/// Decodes everything an application might decode, once, and flags what was odd. The specification is
/// models/training/wafml/normalize.py; golden/normalize.jsonl holds both equal. Works in place: no step lengthens a value.
/// </summary>
public static class ValueNormalizer
{
    /// <summary>Bytes of a value that are looked at; the rest is cut off and flagged.</summary>
    public const int ValueBytesMax = 8192;

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
    /// <paramref name="destination"/>, which needs min(length, <see cref="ValueBytesMax"/>) bytes. Returns the length written.
    /// </summary>
    public static int Normalize(ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags)
    {
        flags = ValueFlags.None;
        if (value.Length > ValueBytesMax)
        {
            value = value[..ValueBytesMax];
            flags |= ValueFlags.Truncated;
        }

        value.CopyTo(destination);
        return Rewrite(destination[..value.Length], ref flags);
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
    /// The same for a value whose container delivers it undecoded (cookies, headers): one percent decoding first, which is usual
    /// there and no flag.
    /// </summary>
    public static int NormalizeEscaped(ReadOnlySpan<byte> value, Span<byte> destination, out ValueFlags flags)
    {
        if (value.IndexOf((byte)'%') < 0)
        {
            return Normalize(value, destination, out flags);
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

        if (read < value.Length)
        {
            flags |= ValueFlags.Truncated;
        }

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
