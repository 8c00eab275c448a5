using System.Text;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads a Content-Disposition value (RFC 7578 section 4.2, RFC 6266, RFC 8187). Parameters nobody reads (size,
/// modification-date) are passed over. An error is what servers read in more than one way: a parameter twice, a name in
/// pieces, file names that differ.
/// </summary>
internal ref struct ContentDisposition(CanonicalRequest request, Slice header)
{
    private Slice _extended;
    private bool _hasExtended;
    private bool _hasPlain;

    public Slice Name { get; private set; }

    public bool HasName { get; private set; }

    public Slice FileName { get; private set; }

    /// <summary>There is a file name, in either form.</summary>
    public readonly bool HasFileName => _hasPlain || _hasExtended;

    /// <summary>The file name comes as filename* alone, which some servers take for no file name.</summary>
    public readonly bool IsExtendedOnly => _hasExtended && !_hasPlain;

    /// <summary>Null when the value was understood, else what is wrong with it.</summary>
    public string? Read()
    {
        var text = request[header];
        var semicolon = text.IndexOf((byte)';');
        var type = (semicolon < 0 ? text : text[..semicolon]).TrimEnd(" \t"u8);
        if (!HeaderParameters.IsToken(type)) return "Multipart: the disposition is malformed.";
        var parameters = new HeaderParameters(request, header);
        while (parameters.MoveNext())
        {
            if (Assign(request[parameters.Name], parameters.Value) is { } error) return error;
        }

        if (parameters.Error is not null)
        {
            request.Note(MultipartFlags.InvalidQuoting);
            return "Multipart: the disposition's parameters are malformed.";
        }

        if (!_hasExtended) return null;
        if (_hasPlain && !IsSame(request[FileName],
            request[_extended])) return "Multipart: two file names that differ.";
        FileName = _extended;
        return null;
    }

    private string? Assign(ReadOnlySpan<byte> name, Slice value)
    {
        if (HeadReader.EqualsIgnoreCase(name, "name"u8))
        {
            if (HasName) return Twice();
            (Name, HasName) = (value, true);
            return null;
        }

        if (HeadReader.EqualsIgnoreCase(name, "filename"u8))
        {
            if (_hasPlain) return Twice();
            (FileName, _hasPlain) = (value, true);
            return null;
        }

        if (HeadReader.EqualsIgnoreCase(name, "filename*"u8))
        {
            if (_hasExtended) return Twice();
            _hasExtended = true;
            return TryDecode(value, out _extended) ? null : "Multipart: an extended file name is malformed.";
        }

        return name.StartsWith("name*"u8) || name.StartsWith("filename*"u8)
            || name.Contains((byte)'*') && name.Length > 4 && HeadReader.EqualsIgnoreCase(name[..4], "name"u8)
            ? "Multipart: a disposition parameter is given in pieces." : null;
    }

    private readonly string Twice()
    {
        request.Note(Anomalies.DuplicatePartParameter);
        return "Multipart: a disposition parameter comes twice.";
    }

    /// <summary>UTF-8''percent-encoded, or ISO-8859-1 (RFC 8187 section 3.2).</summary>
    private readonly bool TryDecode(Slice value, out Slice decoded)
    {
        decoded = default;
        var text = request[value];
        var first = text.IndexOf((byte)'\'');
        if (first < 0) return false;
        var second = text[(first + 1)..].IndexOf((byte)'\'');
        var charset = text[..first];
        var isKnown = HeadReader.EqualsIgnoreCase(charset, "utf-8"u8)
            || HeadReader.EqualsIgnoreCase(charset, "iso-8859-1"u8);
        if (second < 0 || !isKnown) return false;
        var encoded = text[(first + second + 2)..];
        if (!request.Arena.TryReserve(encoded.Length)) { request.NoMemory(); return false; }
        var anomalies = Anomalies.None;
        decoded = request.Arena.Commit(
            PercentDecoder.Decode(encoded, request.Arena.Tail, plusIsSpace: false, ref anomalies));
        return anomalies == Anomalies.None && request[decoded].IndexOfAnyInRange((byte)0, (byte)31) < 0;
    }

    /// <summary>
    /// The same name, or the same with its other characters encoded (RFC 2047, .NET) or replaced (RFC 6266 appendix D).
    /// </summary>
    private static bool IsSame(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> extended)
    {
        if (plain.SequenceEqual(extended)) return true;
        if (plain.StartsWith("=?"u8) && EncodedWord.TryDecode(plain, out var decoded))
            return extended.SequenceEqual(Encoding.UTF8.GetBytes(decoded));
        if (!extended.ContainsAnyInRange((byte)0x80, (byte)0xff)) return false;
        return Letters(plain) == Letters(extended);
    }

    /// <summary>What a client keeps of a name when it replaces or drops characters beyond ASCII.</summary>
    private static string Letters(ReadOnlySpan<byte> name)
    {
        var kept = new StringBuilder(name.Length);
        foreach (var value in name)
        {
            if (value < 0x80 && !"?_- "u8.Contains(value)) kept.Append((char)value);
        }

        return kept.ToString();
    }
}
