using System.Buffers;
using System.Buffers.Binary;

namespace WafOperator.Protocols.Inference;

/// <summary>
/// The compact body that asks a model about a request as a whole: method, and normalised values with the places that
/// they stand in. Little-endian; layout in README.md. It is answered by <see cref="AnswerNumbers"/> numbers.
/// </summary>
public static class CompactWholeRequest
{
    /// <summary>First bytes of a request.</summary>
    public static ReadOnlySpan<byte> Magic => "WAFR"u8;

    /// <summary>Version of the layout.</summary>
    public const byte FormatVersion = 1;

    /// <summary>Bytes in front of the method.</summary>
    public const int HeaderBytes = 40;

    /// <summary>Bytes in front of each value: section, marker, flags and length.</summary>
    public const int ValueHeaderBytes = 6;

    /// <summary>Values of one request at most; rows hold no more.</summary>
    public const int ValuesMax = 8192;

    /// <summary>Bytes of one value at most; the normaliser gives no longer ones.</summary>
    public const int ValueBytesMax = 8192;

    /// <summary>Bytes of a whole body at most; 32 rows of ordinary text hold about as much.</summary>
    public const int BodyBytesMax = 1 << 16;

    /// <summary>Bytes of a method; of a longer one none is said.</summary>
    public const int MethodBytesMax = 16;

    /// <summary>Sections of a request: path, query, headers, body.</summary>
    public const int Sections = 4;

    /// <summary>
    /// Numbers of an answer: log-odds, their width, number of the family, number of the type or -1, tokens that no row
    /// holds.
    /// </summary>
    public const int AnswerNumbers = 5;

    private const int DigestAt = 8;
    private const int DigestBytes = 32;

    /// <summary>Starts a body; <see cref="SetCount"/> follows when all values were added.</summary>
    /// <param name="writer">An empty buffer.</param>
    /// <param name="digest">Package digest, <c>sha256:</c> and 64 hexadecimal digits.</param>
    /// <param name="method">The method, in capitals.</param>
    public static void Begin(IBufferWriter<byte> writer, string digest, ReadOnlySpan<byte> method)
    {
        if (method.Length > MethodBytesMax) method = default;
        var size = HeaderBytes + 1 + method.Length;
        var header = writer.GetSpan(size)[..size];
        header.Clear();
        Magic.CopyTo(header);
        header[4] = FormatVersion;
        var hexadecimal = digest.AsSpan(digest.IndexOf(':', StringComparison.Ordinal) + 1);
        Convert.FromHexString(hexadecimal, header[DigestAt..], out _, out _);
        header[HeaderBytes] = (byte)method.Length;
        method.CopyTo(header[(HeaderBytes + 1)..]);
        writer.Advance(size);
    }

    /// <summary>Adds a value of at most <see cref="ValueBytesMax"/> bytes.</summary>
    public static void Add(IBufferWriter<byte> writer, in WholeRequestPlace place, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, ValueBytesMax);
        var span = writer.GetSpan(ValueHeaderBytes + value.Length);
        (span[0], span[1]) = (place.Section, place.Marker);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], place.Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(span[4..], (ushort)value.Length);
        value.CopyTo(span[ValueHeaderBytes..]);
        writer.Advance(ValueHeaderBytes + value.Length);
    }

    /// <summary>Writes the number of values, which may be none, into a finished body.</summary>
    public static void SetCount(Span<byte> body, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(count is >= 0 and <= ValuesMax, true, nameof(count));
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], (ushort)count);
    }

    /// <summary>True for a body of this kind, right or wrong.</summary>
    public static bool IsOne(ReadOnlySpan<byte> body) => body.StartsWith(Magic);

    /// <summary>
    /// Checks a whole body; null when it can be read with a <see cref="WholeRequestReader"/>, else what is wrong.
    /// </summary>
    public static string? Check(ReadOnlySpan<byte> body, out string digest)
    {
        digest = "";
        if (body.Length <= HeaderBytes || !IsOne(body)) return "the body does not start with a whole request's header";
        if (body.Length > BodyBytesMax) return $"the body has {body.Length} bytes; at most {BodyBytesMax} are read";
        if (body[4] != FormatVersion)
            return $"the compact format's version is {body[4]}; this server reads {FormatVersion}";
        if (body[5] != 0) return "byte 5 is reserved and must be 0";
        var count = BinaryPrimitives.ReadUInt16LittleEndian(body[6..]);
        if (count > ValuesMax) return $"the request has {count} values; at most {ValuesMax} are allowed";
        digest = "sha256:" + Convert.ToHexStringLower(body.Slice(DigestAt, DigestBytes));
        int method = body[HeaderBytes];
        if (method > MethodBytesMax || body.Length < HeaderBytes + 1 + method)
            return $"the method is cut, or has more than {MethodBytesMax} bytes";
        var rest = body[(HeaderBytes + 1 + method)..];
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < ValueHeaderBytes) return $"the body ends in front of value {i}";
            if (rest[0] >= Sections) return $"value {i} is in section {rest[0]}; there are {Sections}";
            var length = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
            if (length > ValueBytesMax) return $"value {i} has {length} bytes; at most {ValueBytesMax} are allowed";
            if (rest.Length < ValueHeaderBytes + length) return $"the body ends inside value {i}";
            rest = rest[(ValueHeaderBytes + length)..];
        }

        return rest.IsEmpty ? null : $"{rest.Length} bytes follow the last value";
    }
}

/// <summary>Where a value stands, and what normalising it found.</summary>
/// <param name="Section">0 path, 1 query, 2 headers, 3 body.</param>
/// <param name="Marker">Number of the special token that says what it is.</param>
/// <param name="Flags">Flags of the normaliser.</param>
public readonly record struct WholeRequestPlace(byte Section, byte Marker, ushort Flags);

/// <summary>Steps over a body that <see cref="CompactWholeRequest.Check"/> found right.</summary>
public ref struct WholeRequestReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest =
        body[(CompactWholeRequest.HeaderBytes + 1 + body[CompactWholeRequest.HeaderBytes])..];

    /// <summary>The method; empty for one that is longer than any that is known.</summary>
    public ReadOnlySpan<byte> Method { get; } =
        body.Slice(CompactWholeRequest.HeaderBytes + 1, body[CompactWholeRequest.HeaderBytes]);

    /// <summary>Where the value stands.</summary>
    public WholeRequestPlace Place { get; private set; }

    /// <summary>The value's normalised bytes.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (_rest.Length < CompactWholeRequest.ValueHeaderBytes) return false;
        Place = new(_rest[0], _rest[1], BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]));
        var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]);
        Value = _rest.Slice(CompactWholeRequest.ValueHeaderBytes, length);
        _rest = _rest[(CompactWholeRequest.ValueHeaderBytes + length)..];
        return true;
    }
}
