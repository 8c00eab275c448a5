using System.Buffers;
using System.Text;

namespace WafOperator.Http;

/// <summary>
/// What the headers of a multipart part say that no argument or file name holds: the value of an own header, and of
/// those that every part has what they hold beyond types, codings, field and file name. Pure.
/// </summary>
internal static class PartHeaderText
{
    /// <summary>What types, dispositions, lengths and codings consist of.</summary>
    private static readonly SearchValues<byte> Usual = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \t\",;:=._+/*-[]~<>@"u8);

    /// <summary>The next text of a line that is worth looking at.</summary>
    /// <param name="request">The request that holds it.</param>
    /// <param name="line">Name, colon and value.</param>
    /// <param name="from">Where in the line to go on; 0 first, afterwards where the next search has to begin.</param>
    /// <param name="text">What was found.</param>
    /// <returns>False when nothing further is.</returns>
    public static bool TryNext(CanonicalRequest request, Slice line, ref int from, out Slice text)
    {
        var bytes = request[line];
        var colon = bytes.IndexOf((byte)':');
        text = default;
        if (colon < 0 || from >= bytes.Length) return false;
        var name = bytes[..colon];
        if (!Ascii.EqualsIgnoreCase(name, "content-disposition"u8))
        {
            if (from > 0) return false;
            from = bytes.Length;
            text = Trimmed(request, line.From(colon + 1));
            return IsOwn(name) ? !text.IsEmpty : HoldsMore(request[text]);
        }

        if (from == 0) from = colon + 1;
        while (from < bytes.Length)
        {
            var length = ParameterLength(bytes[from..]);
            text = Trimmed(request, line.Sub(from, length));
            from += length + 1;
            if (!IsNamed(request[text]) && HoldsMore(request[text])) return true;
        }

        return false;
    }

    /// <summary>Headers that every part may have; of a server's own, none is usual.</summary>
    private static bool IsOwn(ReadOnlySpan<byte> name) =>
        name.Length < 8 || !Ascii.EqualsIgnoreCase(name[..8], "content-"u8);

    private static bool HoldsMore(ReadOnlySpan<byte> value) =>
        value.ContainsAnyExcept(Usual) || value.IndexOf(".."u8) >= 0;

    /// <summary>Field and file names are arguments and files of their own.</summary>
    private static bool IsNamed(ReadOnlySpan<byte> parameter)
    {
        var equals = parameter.IndexOf((byte)'=');
        if (equals < 0) return false;
        var name = parameter[..equals].TrimEnd(" \t"u8);
        return Ascii.EqualsIgnoreCase(name, "name"u8) || Ascii.EqualsIgnoreCase(name, "filename"u8)
            || Ascii.EqualsIgnoreCase(name, "filename*"u8);
    }

    /// <summary>Bytes up to the semicolon that ends a parameter, or to the end; quoted ones hold any byte.</summary>
    private static int ParameterLength(ReadOnlySpan<byte> text)
    {
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') isQuoted = !isQuoted;
            else if (isQuoted && text[i] == '\\') i++;
            else if (!isQuoted && text[i] == ';') return i;
        }

        return text.Length;
    }

    private static Slice Trimmed(CanonicalRequest request, Slice slice)
    {
        var bytes = request[slice];
        var start = bytes.IndexOfAnyExcept((byte)' ', (byte)'\t');
        return start < 0 ? slice.Sub(0, 0) : slice.Sub(start, bytes.TrimEnd(" \t"u8).Length - start);
    }
}
