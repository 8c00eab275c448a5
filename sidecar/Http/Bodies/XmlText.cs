using System.Globalization;
using System.Text;

namespace WafOperator.Http.Bodies;

/// <summary>References in XML text: the five predefined ones and numbers; others stay as they are.</summary>
internal static class XmlText
{
    /// <summary>The longest of the predefined names, with its marks.</summary>
    private const int NamedBytesMax = 6;

    /// <summary>Digits of the highest code point, in decimal.</summary>
    private const int DigitsMax = 7;

    /// <summary>Returns the number of bytes written, never more than the input has.</summary>
    public static int Decode(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var written = 0;
        while (true)
        {
            var next = text.IndexOf((byte)'&');
            var plain = next < 0 ? text : text[..next];
            plain.CopyTo(output[written..]);
            written += plain.Length;
            if (next < 0) return written;
            text = text[next..];
            var taken = DecodeOne(text, output[written..], out var produced);
            if (taken == 0)
            {
                output[written] = (byte)'&';
                (taken, produced) = (1, 1);
            }

            written += produced;
            text = text[taken..];
        }
    }

    private static int DecodeOne(ReadOnlySpan<byte> text, Span<byte> output, out int produced)
    {
        produced = 1;
        if (text.StartsWith("&#"u8)) return DecodeNumber(text, output, out produced);
        var end = text[..Math.Min(text.Length, NamedBytesMax)].IndexOf((byte)';');
        if (end < 2) return 0;
        var name = text[1..end];
        var value = name.SequenceEqual("lt"u8) ? '<'
            : name.SequenceEqual("gt"u8) ? '>'
            : name.SequenceEqual("amp"u8) ? '&'
            : name.SequenceEqual("quot"u8) ? '"'
            : name.SequenceEqual("apos"u8) ? '\''
            : '\0';
        if (value == '\0') return 0;
        output[0] = (byte)value;
        return end + 1;
    }

    /// <summary>Zeros in front do not count, however many there are; a number has no length in XML.</summary>
    private static int DecodeNumber(ReadOnlySpan<byte> text, Span<byte> output, out int produced)
    {
        produced = 0;
        var isHex = text[2..].StartsWith("x"u8);
        var digits = text[(isHex ? 3 : 2)..];
        var start = digits.IndexOfAnyExcept((byte)'0');
        if (start < 0) return 0;
        var end = digits[start..Math.Min(digits.Length, start + DigitsMax + 1)].IndexOf((byte)';');
        if (end < 0 || start + end == 0) return 0;
        var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        var code = 0;
        if (end > 0 && !int.TryParse(digits.Slice(start, end), style, CultureInfo.InvariantCulture, out code)) return 0;
        if (!Rune.TryCreate(code, out var rune)) return 0;
        produced = rune.EncodeToUtf8(output);
        return text.Length - digits.Length + start + end + 1;
    }
}
