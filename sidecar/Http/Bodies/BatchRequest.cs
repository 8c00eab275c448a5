using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// A request inside a part of type application/http (OData $batch, Google's batch APIs): its target is one argument,
/// its headers are part headers and arguments named by them, its body is read by what it looks like.
/// </summary>
internal static class BatchRequest
{
    /// <summary>Bytes of the longest method that is registered (UPDATEREDIRECTREF).</summary>
    private const int MethodBytesMax = 17;

    /// <summary>False when the part does not begin with a request or status line.</summary>
    public static bool Read(CanonicalRequest request, Slice content)
    {
        var bytes = request[content];
        var start = bytes.IndexOfAnyExcept((byte)'\r', (byte)'\n');
        if (start < 0) return false;
        var rest = content.From(start);
        if (!TryReadLine(request, ref rest, out var line)) return false;
        var first = request[line].IndexOf((byte)' ');
        if (first <= 0 || !HeaderParameters.IsToken(request[line][..first].TrimStart("/"u8))) return false;
        // A word that is no method may be anything, as in a request that is not inside another.
        var method = line.Sub(0, first);
        if (!IsKnown(request[method])) AddText(request, "http.method"u8, method);
        AddTarget(request, WithoutVersion(request, line.From(first + 1)));
        while (TryReadLine(request, ref rest, out line) && !line.IsEmpty)
        {
            request.AddPartHeader(default, line);
            AddHeader(request, line);
        }

        if (rest.IsEmpty) return true;
        return BodyGuess.TryAll(request, rest) || AddText(request, "http.body"u8, rest);
    }

    private static bool IsKnown(ReadOnlySpan<byte> method) =>
        method.Length <= MethodBytesMax && !method.ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    /// <summary>What stands at the end in place of a version is part of the target.</summary>
    private static Slice WithoutVersion(CanonicalRequest request, Slice target)
    {
        var bytes = request[target];
        var version = bytes.LastIndexOf(" HTTP/"u8);
        return version >= 0 && bytes[(version + 6)..] is [>= (byte)'0' and <= (byte)'9']
            or [>= (byte)'0' and <= (byte)'9', (byte)'.', >= (byte)'0' and <= (byte)'9']
            ? target.Sub(0, version) : target;
    }

    private static void AddTarget(CanonicalRequest request, Slice target)
    {
        if (!request.Arena.TryAppend("http.target"u8, out var name)) { request.NoMemory(); return; }
        var decoded = target;
        if (PercentDecoder.IsEncoded(request[target], plusIsSpace: false))
        {
            if (!request.Arena.TryReserve(target.Length)) { request.NoMemory(); return; }
            var anomalies = Anomalies.None;
            decoded = request.Arena.Commit(
                PercentDecoder.Decode(request[target], request.Arena.Tail, plusIsSpace: false, ref anomalies));
            request.Note(anomalies);
        }

        request.AddArgument(name, decoded, name, target, ArgumentSource.Multipart, isAgain: true);
    }

    /// <summary>
    /// Rules know few headers of parts, and models none. What only steers the transfer (types, lengths) is left out.
    /// </summary>
    private static void AddHeader(CanonicalRequest request, Slice line)
    {
        var colon = request[line].IndexOf((byte)':');
        var name = colon < 0 ? line : line.Sub(0, colon);
        var value = colon < 0 ? line : line.From(colon + 1);
        if (Steers(request[name])) return;
        var start = request[value].IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0) return;
        var prefix = "http.header."u8;
        if (!request.Arena.TryReserve(prefix.Length + name.Length)) { request.NoMemory(); return; }
        request.Arena.TryAppend(prefix, out var shown);
        request.Arena.TryAppendCopy(name, out _);
        shown = new Slice(shown.Offset, prefix.Length + name.Length);
        request.AddArgument(shown, value.From(start), shown, line, ArgumentSource.Multipart, isAgain: true);
    }

    private static bool Steers(ReadOnlySpan<byte> name) =>
        HeadReader.EqualsIgnoreCase(name, "accept"u8) || HeadReader.EqualsIgnoreCase(name, "content-type"u8)
        || HeadReader.EqualsIgnoreCase(name, "content-length"u8) || HeadReader.EqualsIgnoreCase(name, "host"u8);

    private static bool AddText(CanonicalRequest request, ReadOnlySpan<byte> kind, Slice text)
    {
        if (!request.Arena.TryAppend(kind, out var name)) { request.NoMemory(); return true; }
        request.AddArgument(name, text, name, text, ArgumentSource.Multipart, isAgain: true);
        return true;
    }

    private static bool TryReadLine(CanonicalRequest request, ref Slice rest, out Slice line)
    {
        var bytes = request[rest];
        var end = bytes.IndexOf((byte)'\n');
        line = rest;
        if (end < 0)
        {
            rest = new Slice(rest.End, 0);
            return !line.IsEmpty;
        }

        line = rest.Sub(0, end > 0 && bytes[end - 1] == '\r' ? end - 1 : end);
        rest = rest.From(end + 1);
        return true;
    }
}
