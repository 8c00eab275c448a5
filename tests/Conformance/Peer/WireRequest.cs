using System.Globalization;
using System.Text;

namespace WafOperator.Conformance.Peer;

/// <summary>A test's request as bytes for a socket, completed as the suite's own runner completes it.</summary>
internal static class WireRequest
{
    public static byte[] Of(CrsInput input)
    {
        if (input.Raw is { } raw) return raw;
        var (headers, data) = CrsRequest.Complete(input);
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{input.Method} {input.Uri} {input.Version}\r\n");
        foreach (var (name, value) in headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").Append(data).ToString());
    }
}
