using System.Buffers;
using System.Text;
using WafOperator.Http;

namespace WafOperator.Proxy.Access;

/// <summary>Path prefixes that end on a segment boundary: <c>/api</c> covers <c>/api</c> and <c>/api/x</c>, not <c>/apix</c>.</summary>
internal static class PathPrefix
{
    private const int StackBytesMax = 512;

    public static byte[] Bytes(string prefix) => Encoding.UTF8.GetBytes(prefix);

    public static bool Covers(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> path)
    {
        if (!path.StartsWith(prefix)) return false;
        return path.Length == prefix.Length || prefix is [.., (byte)'/'] || prefix.IsEmpty
            || path[prefix.Length] == '/';
    }

    /// <summary>The same for programs to which upper and lower case are one.</summary>
    public static bool CoversInAnyCase(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> path)
    {
        if (path.Length < prefix.Length || !IsSame(path[..prefix.Length], prefix)) return false;
        return path.Length == prefix.Length || prefix is [.., (byte)'/'] || prefix.IsEmpty
            || path[prefix.Length] == '/';
    }

    /// <summary>
    /// True when a prefix covers any reading of a request's path, in any case: for what makes inspection stricter. A
    /// path that may name anything is covered by every prefix that one of its readings could not rule out.
    /// </summary>
    /// <param name="prefixes">Prefixes as <see cref="Folded"/> gives them.</param>
    /// <param name="request">A request whose head was read.</param>
    public static bool CoversAnyReading(ReadOnlySpan<byte[]> prefixes, CanonicalRequest request)
    {
        if (prefixes.IsEmpty) return false;
        var shape = PathReadings.ShapeOf(request);
        if (shape is PathShape.Plain) return CoversAny(prefixes, request[request.RawPath]);
        byte[]? rented = null;
        var needed = PathReadings.ScratchBytes(request);
        Span<byte> scratch = needed <= StackBytesMax
            ? stackalloc byte[StackBytesMax]
            : rented = ArrayPool<byte>.Shared.Rent(needed);
        try
        {
            for (var i = 0; i < PathReadings.CountOf(request); i++)
            {
                if (CoversAny(prefixes, PathReadings.Read(request, i, scratch))) return true;
            }

            return shape is PathShape.Unsteady
                && (CoversAnywhere(prefixes, PathReadings.Names(request, ofOther: false, scratch))
                    || CoversAnywhere(prefixes, PathReadings.Names(request, ofOther: true, scratch)));
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>A prefix for <see cref="CoversAnyReading"/>.</summary>
    public static byte[] Folded(string prefix)
    {
        var bytes = Bytes(prefix);
        var folded = new byte[bytes.Length + 1];
        var length = PathReadings.Fold(bytes, folded, isBackslashSeparator: false);
        return length == 1 ? [] : folded[..length];
    }

    /// <summary>The same but for the case of the letters A to Z; bytes of other letters are as they are.</summary>
    private static bool IsSame(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < one.Length; i++)
        {
            if (one[i] == other[i]) continue;
            if ((one[i] | 0x20) != (other[i] | 0x20) || (one[i] | 0x20) is < 'a' or > 'z') return false;
        }

        return true;
    }

    /// <summary>Where a path walks, programs disagree about where it begins: any segment may be the first.</summary>
    private static bool CoversAnywhere(ReadOnlySpan<byte[]> prefixes, ReadOnlySpan<byte> names)
    {
        for (var at = 0; at < names.Length; at++)
        {
            if (names[at] == '/' && CoversAny(prefixes, names[at..])) return true;
        }

        return false;
    }

    private static bool CoversAny(ReadOnlySpan<byte[]> prefixes, ReadOnlySpan<byte> path)
    {
        foreach (var prefix in prefixes)
        {
            if (path.Length < prefix.Length || !IsSame(path[..prefix.Length], prefix)) continue;
            if (path.Length == prefix.Length || prefix.Length == 0 || path[prefix.Length] == '/') return true;
        }

        return false;
    }
}
