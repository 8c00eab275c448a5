using System.Buffers;
using System.Buffers.Binary;

namespace WafOperator.Protocols.Inference;

/// <summary>
/// The compact request body: normalised values in, one logit a value out. Little-endian; layout in README.md. The
/// digest pins the package: a server that has another one under that name refuses.
/// </summary>
public static class CompactRequest
{
    /// <summary>First bytes of a request.</summary>
    public static ReadOnlySpan<byte> Magic => "WAFQ"u8;

    /// <summary>Version of the layout.</summary>
    public const byte FormatVersion = 1;

    public const int HeaderBytes = 40;

    /// <summary>Bytes in front of each value: flags and length.</summary>
    public const int ValueHeaderBytes = 4;

    /// <summary>Values of one request at most.</summary>
    public const int ValuesMax = 1024;

    /// <summary>Bytes of one value at most; the normaliser gives no longer ones.</summary>
    public const int ValueBytesMax = 8192;

    private const int DigestBytes = 32;

    /// <summary>Starts a body; <see cref="SetCount"/> follows when all values were added.</summary>
    /// <param name="writer">An empty buffer.</param>
    /// <param name="digest">Package digest, <c>sha256:</c> and 64 hexadecimal digits.</param>
    public static void Begin(IBufferWriter<byte> writer, string digest)
    {
        var header = writer.GetSpan(HeaderBytes)[..HeaderBytes];
        header.Clear();
        Magic.CopyTo(header);
        header[4] = FormatVersion;
        var hexadecimal = digest.AsSpan(digest.IndexOf(':', StringComparison.Ordinal) + 1);
        Convert.FromHexString(hexadecimal, header[8..], out _, out _);
        writer.Advance(HeaderBytes);
    }

    /// <summary>Adds a value of at most <see cref="ValueBytesMax"/> bytes.</summary>
    public static void Add(IBufferWriter<byte> writer, ReadOnlySpan<byte> value, int flags)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, ValueBytesMax);
        var span = writer.GetSpan(ValueHeaderBytes + value.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(span, (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], (ushort)value.Length);
        value.CopyTo(span[ValueHeaderBytes..]);
        writer.Advance(ValueHeaderBytes + value.Length);
    }

    /// <summary>Writes the number of values into a finished body.</summary>
    public static void SetCount(Span<byte> body, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(count is > 0 and <= ValuesMax, true, nameof(count));
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], (ushort)count);
    }

    /// <summary>
    /// Checks a whole body; null when it can be read with a <see cref="CompactValueReader"/>, else what is wrong.
    /// </summary>
    public static string? Check(ReadOnlySpan<byte> body, int valuesMax, out string digest, out int count)
    {
        (digest, count) = ("", 0);
        if (body.Length < HeaderBytes || !body.StartsWith(Magic))
            return "the body does not start with a compact request's header";
        if (body[4] != FormatVersion)
            return $"the compact format's version is {body[4]}; this server reads {FormatVersion}";
        if (body[5] != 0) return "byte 5 is reserved and must be 0";
        count = BinaryPrimitives.ReadUInt16LittleEndian(body[6..]);
        if (count == 0 || count > valuesMax) return $"the request has {count} values; 1 to {valuesMax} are allowed";
        digest = "sha256:" + Convert.ToHexStringLower(body.Slice(8, DigestBytes));
        var rest = body[HeaderBytes..];
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < ValueHeaderBytes) return $"the body ends in front of value {i}";
            var length = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            if (length > ValueBytesMax) return $"value {i} has {length} bytes; at most {ValueBytesMax} are allowed";
            if (rest.Length < ValueHeaderBytes + length) return $"the body ends inside value {i}";
            rest = rest[(ValueHeaderBytes + length)..];
        }

        return rest.IsEmpty ? null : $"{rest.Length} bytes follow the last value";
    }
}

/// <summary>Steps over the values of a body that <see cref="CompactRequest.Check"/> found right.</summary>
public ref struct CompactValueReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body[CompactRequest.HeaderBytes..];

    /// <summary>Flags of the value, as the normaliser gave them.</summary>
    public int Flags { get; private set; }

    /// <summary>The value's normalised bytes.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (_rest.Length < CompactRequest.ValueHeaderBytes) return false;
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]);
        Value = _rest.Slice(CompactRequest.ValueHeaderBytes, length);
        _rest = _rest[(CompactRequest.ValueHeaderBytes + length)..];
        return true;
    }
}
