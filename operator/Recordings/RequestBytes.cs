using System.Globalization;
using System.Text;

namespace WafOperator.Recordings;

/// <summary>
/// A recorded request as it goes over the wire of HTTP/1.1: no client library stands between that would repair an odd
/// path. Header values cannot bring lines of their own. Pure.
/// </summary>
public static class RequestBytes
{
    /// <summary>Head and body.</summary>
    public static byte[] Of(RecordedRequest request)
    {
        var head = new StringBuilder();
        head.Append(OneLine(request.Method)).Append(' ').Append(OneLine(request.Target).Replace(" ", "%20",
            StringComparison.Ordinal)).Append(" HTTP/1.1\r\n");
        var hasHost = false;
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                if (hasHost) continue;
                hasHost = true;
            }

            head.Append(OneLine(name)).Append(": ").Append(OneLine(value)).Append("\r\n");
        }

        if (!hasHost) head.Append("Host: replay.example\r\n");
        if (request.Body.Length > 0 || request.Method is "POST" or "PUT" or "PATCH")
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {request.Body.Length}\r\n");
        head.Append("\r\n");
        return [.. Encoding.UTF8.GetBytes(head.ToString()), .. request.Body.Span];
    }

    private static string OneLine(string text) => text.AsSpan().IndexOfAny('\r', '\n', '\0') < 0 ? text
        : text.Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' ');
}
