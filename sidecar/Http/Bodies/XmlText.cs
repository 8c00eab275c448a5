using System.Globalization;
using System.Text;

namespace WafOperator.Http.Bodies;

/// <summary>References in XML text: the five predefined ones and numbers; others stay as they are.</summary>
internal static class XmlText
{
    private const int ReferenceBytesMax = 12;

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
        var end = text[..Math.Min(text.Length, ReferenceBytesMax)].IndexOf((byte)';');
        if (end < 2) return 0;
        var name = text[1..end];
        if (name[0] == '#') return DecodeNumber(name[1..], output, out produced) ? end + 1 : 0;
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

    private static bool DecodeNumber(ReadOnlySpan<byte> digits, Span<byte> output, out int produced)
    {
        produced = 0;
        var isHex = digits.StartsWith("x"u8);
        var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        if (!int.TryParse(isHex ? digits[1..] : digits, style, CultureInfo.InvariantCulture, out var code))
            return false;
        if (!Rune.TryCreate(code, out var rune)) return false;
        produced = rune.EncodeToUtf8(output);
        return true;
    }
}
