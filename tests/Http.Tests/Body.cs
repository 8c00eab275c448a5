using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>Builds requests with a body.</summary>
internal static class Body
{
    public static CanonicalRequest Read(
        string contentType, byte[] body, HttpLimits? limits = null, int chunk = int.MaxValue,
        params (string Name, string Value)[] headers)
    {
        var request = new CanonicalRequest(limits);
        Feed(request, contentType, body, chunk, headers);
        return request;
    }

    public static CanonicalRequest Read(string contentType, string body, HttpLimits? limits = null) =>
        Read(contentType, Encoding.Latin1.GetBytes(body), limits);

    public static void Feed(
        CanonicalRequest request, string contentType, byte[] body, int chunk = int.MaxValue,
        params (string Name, string Value)[] headers)
    {
        CanonicalRequestTests.Feed(request, "POST", "/", [("Host", "h"), ("Content-Type", contentType), .. headers]);
        for (var i = 0; i < body.Length; i += chunk)
        {
            request.AppendBody(body.AsSpan(i, Math.Min(chunk, body.Length - i)));
            if (chunk == int.MaxValue) break;
        }

        request.EndBody();
    }

    public static string Multipart(params string[] parts) =>
        string.Concat(parts.Select(part => "--b\r\n" + part.Replace("|", "\r\n") + "\r\n")) + "--b--\r\n";
}
