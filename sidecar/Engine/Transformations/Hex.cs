using System.Buffers;

namespace WafOperator.Engine.Transformations;

/// <summary>t:hexEncode: two lower-case digits for each byte.</summary>
internal sealed class HexEncode() : Transformation("hexEncode")
{
    public override int OutputMax(int inputLength) => checked(inputLength * 2);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.IsEmpty) return Unchanged;
        for (var i = 0; i < input.Length; i++)
        {
            output[2 * i] = Bytes.HexDigit(input[i] >> 4);
            output[2 * i + 1] = Bytes.HexDigit(input[i] & 15);
        }

        return input.Length * 2;
    }
}

/// <summary>
/// t:hexDecode: each two bytes are read as digits; an odd last byte is dropped. Bytes that are no digits give what
/// ModSecurity's arithmetic gives, so that rules see the same.
/// </summary>
internal sealed class HexDecode() : Transformation("hexDecode")
{
    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var written = 0;
        for (var i = 0; i + 1 < input.Length; i += 2)
            output[written++] = (byte)(Digit(input[i]) * 16 + Digit(input[i + 1]));
        return Finish(input, output, written);
    }

    private static int Digit(byte value) => value >= 'A' ? (value & 0xdf) - 'A' + 10 : value - '0';
}

/// <summary>t:sqlHexDecode: 0x414243 becomes ABC, wherever it stands.</summary>
internal sealed class SqlHexDecode() : Transformation("sqlHexDecode")
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("xX"u8);

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (!input.ContainsAny(Marks)) return Unchanged;
        var written = 0;
        var i = 0;
        while (i < input.Length)
        {
            var rest = input[i..];
            if (rest.Length >= 4 && rest[0] == '0' && (rest[1] | 0x20) == 'x' && Bytes.HexRun(rest[2..], 2) == 2)
            {
                i += 2;
                while (Bytes.HexRun(input[i..], 2) == 2)
                {
                    output[written++] = Bytes.HexPair(input[i..]);
                    i += 2;
                }
            }
            else
            {
                output[written++] = input[i++];
            }
        }

        return Finish(input, output, written);
    }
}
