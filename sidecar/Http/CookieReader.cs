namespace WafOperator.Http;

/// <summary>
/// Splits a Cookie header at semicolons (RFC 6265 section 5.4, as servers read it). Values stay as sent.
/// </summary>
internal static class CookieReader
{
    public static void Read(CanonicalRequest request, Slice header)
    {
        var rest = header;
        while (!rest.IsEmpty)
        {
            var end = request[rest].IndexOf((byte)';');
            var pair = end < 0 ? rest : rest.Sub(0, end);
            rest = end < 0 ? default : rest.From(end + 1);
            pair = Trim(request, pair);
            if (pair.IsEmpty) continue;
            var equals = request[pair].IndexOf((byte)'=');
            if (equals < 0) request.AddCookie(pair, new Slice(pair.End, 0));
            else request.AddCookie(Trim(request, pair.Sub(0, equals)), Trim(request, pair.From(equals + 1)));
        }
    }

    private static Slice Trim(CanonicalRequest request, Slice value)
    {
        var bytes = request[value];
        var start = bytes.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0) return new Slice(value.Offset, 0);
        return value.Sub(start, bytes.LastIndexOfAnyExcept((byte)' ', (byte)'\t') + 1 - start);
    }
}
