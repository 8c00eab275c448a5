namespace WafOperator.Protocols.Models;

/// <summary>Steps over the fields of one protobuf message (wire format of protobuf 3).</summary>
internal ref struct ProtobufCursor(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Number of the field just reached.</summary>
    public int Field { get; private set; }

    /// <summary>True for a length-delimited field.</summary>
    public bool IsBytes { get; private set; }

    /// <summary>Value of a varint or fixed field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Content of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The message ended in the middle of a field or has an unknown wire type.</summary>
    public bool IsMalformed { get; private set; }

    public bool Next()
    {
        if (_rest.IsEmpty || IsMalformed) return false;
        Bytes = default;
        Number = 0;
        if (!Varint(out var key) || key >> 3 is 0 or > int.MaxValue) return Fail();
        Field = (int)(key >> 3);
        IsBytes = (key & 7) == 2;
        return (key & 7) switch
        {
            0 => Varint(out var number) ? Set(number) : Fail(),
            1 => Skip(8),
            2 => Varint(out var length) && length <= (ulong)_rest.Length ? Take((int)length) : Fail(),
            5 => Skip(4),
            _ => Fail(),
        };
    }

    private bool Set(ulong number)
    {
        Number = number;
        return true;
    }

    private bool Take(int length)
    {
        Bytes = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    private bool Skip(int bytes)
    {
        if (_rest.Length < bytes) return Fail();
        _rest = _rest[bytes..];
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }

    private bool Varint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if ((_rest[i] & 0x80) != 0) continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return false;
    }
}
