namespace WafOperator.Http.Decoding;

/// <summary>
/// One spelling for paths that name the same thing: backslashes become slashes, doubled slashes one, dot segments are
/// resolved, never above the root. Output is never longer than the input. Source: RFC 3986 section 5.2.4.
/// </summary>
public static class PathNormalizer
{
    /// <summary>Writes the normal form and returns its length.</summary>
    public static int Normalize(ReadOnlySpan<byte> path, Span<byte> output, ref Anomalies anomalies)
    {
        var written = 0;
        var i = 0;
        while (i < path.Length)
        {
            var isSeparator = IsSeparator(path[i]);
            if (isSeparator)
            {
                if (path[i] == '\\') anomalies |= Anomalies.PathTraversal;
                i++;
                while (i < path.Length && IsSeparator(path[i]))
                {
                    anomalies |= Anomalies.PathTraversal;
                    i++;
                }
            }

            var start = i;
            while (i < path.Length && !IsSeparator(path[i])) i++;
            var segment = path[start..i];
            var last = i >= path.Length;
            if (segment is [(byte)'.'])
            {
                anomalies |= Anomalies.PathTraversal;
                if (isSeparator && last) output[written++] = (byte)'/';
                continue;
            }

            if (segment is [(byte)'.', (byte)'.'])
            {
                anomalies |= Anomalies.PathTraversal;
                var cut = output[..written].LastIndexOf((byte)'/');
                written = Math.Max(cut, 0);
                if (last) output[written++] = (byte)'/';
                continue;
            }

            if (isSeparator) output[written++] = (byte)'/';
            segment.CopyTo(output[written..]);
            written += segment.Length;
        }

        return written;
    }

    /// <summary>True when <see cref="Normalize"/> would leave the path as it is.</summary>
    public static bool IsNormal(ReadOnlySpan<byte> path) =>
        !path.Contains((byte)'\\') && path.IndexOf("//"u8) < 0 && path.IndexOf("/."u8) < 0
        && !(path.Length > 0 && path[0] == '.');

    private static bool IsSeparator(byte value) => value is (byte)'/' or (byte)'\\';
}
