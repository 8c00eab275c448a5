namespace WafOperator.Schemas;

/// <summary>
/// Fields of a query or form, one after the other, decoded once: percent escapes, and plus signs as spaces. A ref
/// struct over the bytes as they were sent; what needs no decoding is not copied.
/// </summary>
internal ref struct FieldReader(ReadOnlySpan<byte> raw, Span<byte> scratch)
{
    private readonly Span<byte> _scratch = scratch;
    private ReadOnlySpan<byte> _rest = raw;
    private int _used;

    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Escapes that are none: programs read them in different ways.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The next field; false at the end. Names and values are valid as long as the scratch.</summary>
    public bool Next()
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf((byte)'&');
            var field = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (field.IsEmpty) continue;
            var equals = field.IndexOf((byte)'=');
            _used = 0;
            Name = Decode(equals < 0 ? field : field[..equals]);
            Value = equals < 0 ? default : Decode(field[(equals + 1)..]);
            return true;
        }

        return false;
    }

    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny((byte)'%', (byte)'+') < 0) return text;
        var output = _scratch[_used..];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            if (b == '+')
            {
                b = (byte)' ';
            }
            else if (b == '%')
            {
                if (i + 2 < text.Length && Hex(text[i + 1]) is >= 0 and var high
                    && Hex(text[i + 2]) is >= 0 and var low)
                {
                    b = (byte)((high << 4) | low);
                    i += 2;
                }
                else
                {
                    IsBroken = true;
                }
            }

            output[count++] = b;
        }

        _used += count;
        return output[..count];
    }

    private static int Hex(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
