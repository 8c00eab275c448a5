using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using WafOperator.Http;

namespace WafOperator.Proxy.Inspection;

/// <summary>Request line and headers of the web server, into the canonical request. Characters are bytes: the server reads Latin-1.</summary>
internal static class CanonicalHead
{
    /// <summary>
    /// What the server renames when a request has both Content-Length and Transfer-Encoding. Rules are shown what was sent.
    /// </summary>
    public const string DisplacedLength = "X-Content-Length";

    /// <summary>Returns the bytes of target and headers.</summary>
    public static int Read(HttpContext context, CanonicalRequest canonical)
    {
        var request = context.Request;
        var features = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        // WebSocket over HTTP/2 is a CONNECT (RFC 8441); to rules it is the GET that it is over HTTP/1.1.
        var isWebSocket = HttpMethods.IsConnect(request.Method);
        canonical.Begin(isWebSocket ? "GET" : request.Method, features.RawTarget, Protocol(request.Protocol));
        var isDoublyFramed = IsDoublyFramed(request.Headers);
        var bytes = features.RawTarget.Length;
        foreach (var (name, values) in request.Headers)
        {
            if (name.StartsWith(':')) continue;
            var shown = isDoublyFramed && name.Equals(DisplacedLength, StringComparison.OrdinalIgnoreCase) ? "Content-Length" : name;
            bytes += Add(canonical, shown, values);
        }

        canonical.EndHeaders();
        return bytes;
    }

    /// <summary>True when both framings were sent: what one program reads as a body, another reads as the next request.</summary>
    public static bool IsDoublyFramed(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count > 0 && headers.ContainsKey(DisplacedLength);

    /// <summary>
    /// True for a Host that is there and empty: the application would be sent a second one beside it, made of its own
    /// address.
    /// </summary>
    public static bool IsHostEmpty(IHeaderDictionary headers) =>
        headers.Host.Count > 0 && string.IsNullOrEmpty(headers.Host[0]);

    /// <summary>
    /// True for several types of one body: one program takes the first, another the last, a third both as one text. The
    /// same twice is none of that, unless it has parameters: a boundary would go on with a comma and the second line.
    /// </summary>
    public static bool IsDoublyTyped(IHeaderDictionary headers)
    {
        var types = headers.ContentType;
        for (var i = 1; i < types.Count; i++)
        {
            if (!string.Equals(types[i], types[0], StringComparison.Ordinal) || types[0]!.Contains(';')) return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a name of a request that was read has an underscore, or may have one because names were left out.
    /// </summary>
    public static bool HoldsUnderscores(CanonicalRequest canonical)
    {
        if (canonical.Exceeded is not ExceededLimits.None) return true;
        foreach (ref readonly var header in canonical.Headers)
        {
            if (canonical[header.LowerName].Contains((byte)'_')) return true;
        }

        return false;
    }

    private static int Add(CanonicalRequest canonical, string name, StringValues values)
    {
        var bytes = 0;
        for (var i = 0; i < values.Count; i++)
        {
            var value = values[i].AsSpan();
            canonical.AddHeader(name.AsSpan(), value);
            bytes += name.Length + value.Length;
        }

        return bytes;
    }

    /// <summary>The protocol as rules name it.</summary>
    public static string Protocol(string protocol) => protocol switch
    {
        "HTTP/2" => "HTTP/2.0",
        "HTTP/3" => "HTTP/3.0",
        _ => protocol,
    };
}
