using System.Text;

namespace WafOperator.Proxy.Access;

/// <summary>Path prefixes that end on a segment boundary: <c>/api</c> covers <c>/api</c> and <c>/api/x</c>, not <c>/apix</c>.</summary>
internal static class PathPrefix
{
    public static byte[] Bytes(string prefix) => Encoding.UTF8.GetBytes(prefix);

    public static bool Covers(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> normalPath)
    {
        if (!normalPath.StartsWith(prefix)) return false;
        return normalPath.Length == prefix.Length || prefix is [.., (byte)'/'] || prefix.IsEmpty
            || normalPath[prefix.Length] == '/';
    }
}
