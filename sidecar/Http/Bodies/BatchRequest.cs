using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// A request inside a part of type application/http (OData $batch, Google's batch APIs): its target is one argument,
/// its headers are part headers, its body is read by what it looks like.
/// </summary>
internal static class BatchRequest
{
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
        var target = line.From(first + 1);
        var version = request[target].LastIndexOf(" HTTP/"u8);
        if (version >= 0) target = target.Sub(0, version);
        AddTarget(request, target);
        while (TryReadLine(request, ref rest, out line) && !line.IsEmpty) request.AddPartHeader(default, line);
        if (rest.IsEmpty) return true;
        return BodyGuess.TryAll(request, rest) || AddText(request, rest);
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

    private static bool AddText(CanonicalRequest request, Slice text)
    {
        if (!request.Arena.TryAppend("http.body"u8, out var name)) { request.NoMemory(); return true; }
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
