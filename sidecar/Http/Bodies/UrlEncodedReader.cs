using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Splits a query or form into arguments and decodes them once; what needs no decoding is not copied. Linear.
/// Source: WHATWG URL, "application/x-www-form-urlencoded parsing".
/// </summary>
internal static class UrlEncodedReader
{
    public static void Read(CanonicalRequest request, Slice input, ArgumentSource source, bool isAgain = false)
    {
        var separator = request.ArgumentSeparator;
        var rest = input;
        while (!rest.IsEmpty)
        {
            var bytes = request[rest];
            var end = bytes.IndexOf(separator);
            var pair = end < 0 ? rest : rest.Sub(0, end);
            rest = end < 0 ? default : rest.From(end + 1);
            if (pair.IsEmpty) continue;
            if (request.ArgumentCount >= request.Limits.ArgumentsMax)
                { request.Note(ExceededLimits.Arguments); return; }

            var equals = request[pair].IndexOf((byte)'=');
            var rawName = equals < 0 ? pair : pair.Sub(0, equals);
            var rawValue = equals < 0 ? new Slice(pair.End, 0) : pair.From(equals + 1);
            if (!TryDecode(request, rawName, out var name) || !TryDecode(request, rawValue, out var value)) return;
            request.AddArgument(name, value, rawName, rawValue, source, isAgain);
            // For a query too: some servers read it in the charset of the body, also where there is none.
            if (!isAgain && !request.Charset.IsEmpty)
                AddConverted(request, new Argument(name, value, rawName, rawValue, 0, source));
        }
    }

    /// <summary>A server may or may not heed the declared charset, so both readings are offered.</summary>
    private static void AddConverted(CanonicalRequest request, in Argument argument)
    {
        var name = Charsets.ToUtf8(request, argument.Name, request.Charset);
        var value = Charsets.ToUtf8(request, argument.Value, request.Charset);
        if (name == argument.Name && value == argument.Value) return;
        request.AddArgument(name, value, argument.RawName, argument.RawValue, argument.Source, isAgain: true);
    }

    /// <summary>Undoes percent escapes once; false without memory.</summary>
    public static bool TryDecode(CanonicalRequest request, Slice raw, out Slice decoded)
    {
        decoded = raw;
        var bytes = request[raw];
        var anomalies = Anomalies.None;
        if (PercentDecoder.IsEncoded(bytes, plusIsSpace: true))
        {
            if (!request.Arena.TryReserve(bytes.Length)) { request.NoMemory(); return false; }
            decoded = request.Arena.Commit(
                PercentDecoder.Decode(bytes, request.Arena.Tail, plusIsSpace: true, ref anomalies));
            if ((anomalies & (Anomalies.MalformedPercent | Anomalies.UnicodePercent)) != 0)
                request.NoteUrlEncodedError();
            if (PercentDecoder.HoldsEscape(request[decoded])) anomalies |= Anomalies.MultipleEncoding;
        }

        request.Note(anomalies | Utf8Facts.Of(request[decoded]));
        return true;
    }
}
