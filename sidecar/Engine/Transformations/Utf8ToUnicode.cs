namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:utf8toUnicode: UTF-8 sequences become %uXXXX, also those longer than needed; bytes that form no sequence stay.
/// </summary>
internal sealed class Utf8ToUnicode() : Transformation("utf8toUnicode")
{
    internal override byte[]? Triggers => Bytes.Beyond;

    public override bool IsIdempotent => true;

    public override int OutputMax(int inputLength) => checked(inputLength * 3);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var next = input.IndexOfAnyInRange((byte)0x80, (byte)0xff);
        if (next < 0) return Unchanged;
        var written = 0;
        var rest = input;
        while (next >= 0)
        {
            rest[..next].CopyTo(output[written..]);
            written += next;
            rest = rest[next..];
            var taken = Decode(rest, out var code);
            if (taken == 0)
            {
                output[written++] = rest[0];
                taken = 1;
            }
            else
            {
                written += Write(code, output[written..]);
            }

            rest = rest[taken..];
            next = rest.IndexOfAnyInRange((byte)0x80, (byte)0xff);
        }

        rest.CopyTo(output[written..]);
        return Finish(input, output, written + rest.Length);
    }

    private static int Decode(ReadOnlySpan<byte> text, out int code)
    {
        var lead = text[0];
        var length = lead switch { >= 0xc0 and < 0xe0 => 2, >= 0xe0 and < 0xf0 => 3, >= 0xf0 and < 0xf8 => 4, _ => 0 };
        code = lead & (0x7f >> length);
        if (length == 0 || text.Length < length) return 0;
        for (var i = 1; i < length; i++)
        {
            if ((text[i] & 0xc0) != 0x80) return 0;
            code = code << 6 | text[i] & 0x3f;
        }

        return code <= 0x10ffff ? length : 0;
    }

    private static int Write(int code, Span<byte> output)
    {
        output[0] = (byte)'%';
        output[1] = (byte)'u';
        var digits = code > 0xfffff ? 6 : code > 0xffff ? 5 : 4;
        for (var i = 0; i < digits; i++) output[2 + i] = Bytes.HexDigit(code >> (4 * (digits - 1 - i)) & 15);
        return 2 + digits;
    }
}
