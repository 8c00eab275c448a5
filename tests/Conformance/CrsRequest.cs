using System.Text;
using WafOperator.Http;

namespace WafOperator.Conformance;

/// <summary>
/// Turns a test's input into a request, completed as the suite's own runner does (content type and length of a body,
/// encoding of form data that is written without it), and feeds it to the real reader.
/// </summary>
internal static class CrsRequest
{
    private const string Form = "application/x-www-form-urlencoded";

    /// <summary>Gives the head to the reader and returns the body.</summary>
    public static byte[] ReadHead(CrsInput input, CanonicalRequest request)
    {
        if (input.Raw is { } raw)
        {
            return ReadRaw(raw, request);
        }

        var (headers, data) = Dechunk(Complete(input));
        request.Begin(Bytes(input.Method), Bytes(input.Uri), Bytes(input.Version));
        foreach (var (name, value) in headers)
        {
            request.AddHeader(Bytes(name), Bytes(value));
        }

        return Cut(headers, Bytes(data));
    }

    /// <summary>What the web server in front does: bytes behind the announced length are the next request.</summary>
    private static byte[] Cut(IEnumerable<(string Name, string Value)> headers, byte[] body)
    {
        var length = headers.FirstOrDefault(static header =>
            header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Value;
        return uint.TryParse(length, System.Globalization.CultureInfo.InvariantCulture, out var bytes)
            && bytes < body.Length ? body[..(int)bytes] : body;
    }

    public static (List<(string Name, string Value)> Headers, string Data) Complete(CrsInput input)
    {
        var headers = input.Headers.ToList();
        var data = input.Data;
        if (data.Length == 0 || input.StopMagic)
        {
            return (headers, data);
        }

        string? Find(string name) => headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(h => h.Value).FirstOrDefault();
        if (Find("Content-Type") is null)
        {
            headers.Add(("Content-Type", Form));
        }

        if (Find("Content-Type") == Form)
        {
            data = EncodeForm(data);
        }

        if (Find("Content-Length") is null)
        {
            headers.Add(("Content-Length",
                Encoding.UTF8.GetByteCount(data).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return (headers, data);
    }

    /// <summary>
    /// What the web server in front does: chunks are undone, and a length beside them is dropped (RFC 9112, 6.3).
    /// </summary>
    private static (List<(string Name, string Value)> Headers, string Data) Dechunk(
        (List<(string Name, string Value)> Headers, string Data) request)
    {
        var (headers, data) = request;
        var isChunked = headers.Any(h => h.Name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)
            && h.Value.Equals("chunked", StringComparison.OrdinalIgnoreCase));
        if (!isChunked)
        {
            return request;
        }

        headers.RemoveAll(h => h.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase));
        var body = new StringBuilder();
        for (var at = 0; at < data.Length;)
        {
            var end = data.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (end < 0 || !int.TryParse(data[at..end], System.Globalization.NumberStyles.HexNumber, null, out var size)
                || size == 0 || end + 2 + size > data.Length)
            {
                break;
            }

            body.Append(data, end + 2, size);
            at = end + 4 + size;
        }

        return (headers, body.ToString());
    }

    /// <summary>Encodes name=value pairs, unless the data is encoded already or is no list of pairs.</summary>
    private static string EncodeForm(string data)
    {
        if (Uri.UnescapeDataString(data.Replace('+', ' ')) != data || data.AsSpan().IndexOfAny(";\r\n") >= 0)
        {
            return data;
        }

        return string.Join('&', data.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            return Encode(name) + "=" + Encode(equals < 0 ? "" : pair[(equals + 1)..]);
        }));
    }

    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+",
        StringComparison.Ordinal);

    private static byte[] ReadRaw(byte[] raw, CanonicalRequest request)
    {
        var text = Encoding.Latin1.GetString(raw);
        var at = 0;
        var line = NextLine(text, ref at);
        var parts = line.Split(' ', 3);
        request.Begin(Latin1(parts[0]), Latin1(parts.Length > 1 ? parts[1] : ""),
            Latin1(parts.Length > 2 ? parts[2] : ""));
        var headers = new List<(string Name, string Value)>();
        while (at < text.Length && NextLine(text, ref at) is { Length: > 0 } header)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            headers.Add((header[..colon], header[(colon + 1)..].Trim()));
            request.AddHeader(Latin1(headers[^1].Name), Latin1(headers[^1].Value));
        }

        return Cut(headers, raw[at..]);
    }

    private static string NextLine(string text, ref int at)
    {
        var end = text.IndexOf('\n', at);
        var line = end < 0 ? text[at..] : text[at..end];
        at = end < 0 ? text.Length : end + 1;
        return line.TrimEnd('\r');
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
