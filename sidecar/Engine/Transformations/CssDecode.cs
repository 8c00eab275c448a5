namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:cssDecode: CSS escapes (CSS 2.1 section 4.1.3), of which only the low byte is kept; full width forms become ASCII.
/// A backslash before a line end goes with it, a backslash at the end goes alone.
/// </summary>
internal sealed class CssDecode() : Transformation("cssDecode")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOf((byte)'\\');
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[(next + 1)..];
            if (rest.IsEmpty) return written;
            var digits = Bytes.HexRun(rest, 6);
            if (digits > 0)
            {
                output[written++] = Decode(rest[..digits]);
                if (digits < rest.Length && Bytes.IsSpace(rest[digits])) digits++;
                rest = rest[digits..];
            }
            else
            {
                if (rest[0] != '\n') output[written++] = rest[0];
                rest = rest[1..];
            }

            next = rest.IndexOf((byte)'\\');
        }

        rest.CopyTo(output[written..]);
        return written + rest.Length;
    }

    private static byte Decode(ReadOnlySpan<byte> digits)
    {
        if (digits.Length == 1) return (byte)Bytes.HexValue(digits[0]);
        if (digits.Length < 4) return Bytes.HexPair(digits[^2..]);
        var isShort = digits[..^4].IndexOfAnyExcept((byte)'0') < 0;
        return isShort ? Bytes.LowByte(digits[^4..]) : Bytes.HexPair(digits[^2..]);
    }
}
