using System.Buffers;
using System.Text.Unicode;
using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <summary>How far programs agree on what a path names.</summary>
public enum PathShape
{
    /// <summary>There is one reading: as sent, decoded and normalised are the same.</summary>
    Plain,

    /// <summary>Several readings, all of which <see cref="PathReadings"/> gives.</summary>
    Several,

    /// <summary>It walks through the tree, or hides behind more layers than are undone: it may name anything.</summary>
    Unsteady,
}

/// <summary>
/// The paths that different programs may take one path for: as sent, decoded once, normalised, with and without path
/// parameters, with backslashes as slashes or not, without trailing dots and spaces, in lower case. What weakens
/// inspection has to
/// hold for all of them, what refuses for one. Pure.
/// </summary>
public static class PathReadings
{
    /// <summary>Readings of every path that is not plain.</summary>
    public const int Count = 15;

    /// <summary>Readings of another path that the request names, beside its own.</summary>
    private const int OtherCount = 9;

    /// <summary>More layers of escapes than any program undoes.</summary>
    private const int DecodeRoundsMax = 8;

    private static readonly SearchValues<byte> Odd = SearchValues.Create(
        [.. Enumerable.Range(0, 0x21).Select(b => (byte)b), (byte)';', (byte)'\\', (byte)'%', 0x7f]);

    private static ReadOnlySpan<byte> TrimmedBytes => ". \t\0"u8;

    public static PathShape ShapeOf(CanonicalRequest request)
    {
        var shape = ShapeOf(request[request.RawPath]);
        if (request.OtherPath.IsEmpty || shape is PathShape.Unsteady) return shape;
        return ShapeOf(request[request.OtherPath]) is PathShape.Unsteady ? PathShape.Unsteady : PathShape.Several;
    }

    private static PathShape ShapeOf(ReadOnlySpan<byte> raw)
    {
        if (IsPlain(raw)) return PathShape.Plain;
        byte[]? rented = null;
        Span<byte> scratch = raw.Length <= 256 ? stackalloc byte[256] : rented =
            ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            var decoded = scratch[..Decode(raw, scratch)];
            return IsSteady(decoded) ? PathShape.Several : PathShape.Unsteady;
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>How many readings a request's path has.</summary>
    public static int CountOf(CanonicalRequest request) =>
        request.OtherPath.IsEmpty ? Count : Count + OtherCount;

    /// <summary>One of the <see cref="CountOf"/> readings of a path.</summary>
    /// <param name="request">A request whose head was read.</param>
    /// <param name="index">Which.</param>
    /// <param name="scratch">Room for the path and one byte more; the reading may lie in it.</param>
    public static ReadOnlySpan<byte> Read(CanonicalRequest request, int index, Span<byte> scratch)
    {
        if (index >= Count) return ReadOther(request[request.OtherPath], index - Count, scratch);
        var raw = request[request.RawPath];
        switch (index)
        {
            case 0: return raw;
            case 1: return request[request.Path];
            case 2: return request[request.NormalPath];
        }

        var variant = index - 3;
        var source = (variant >> 2) switch
        {
            0 => raw,
            1 => request[request.Path],
            _ => scratch[..Decode(raw, scratch)],
        };
        return scratch[..Fold(
            source, scratch, isBackslashSeparator: (variant & 1) != 0, keepsParameters: (variant & 2) != 0)];
    }

    private static ReadOnlySpan<byte> ReadOther(ReadOnlySpan<byte> raw, int index, Span<byte> scratch)
    {
        if (index == 0) return raw;
        var variant = index - 1;
        var source = variant >> 2 == 0 ? raw : scratch[..Decode(raw, scratch)];
        return scratch[..Fold(
            source, scratch, isBackslashSeparator: (variant & 1) != 0, keepsParameters: (variant & 2) != 0)];
    }

    /// <summary>
    /// Names of a path's segments in order, every layer of escapes undone, those that walk left out: what programs that
    /// disagree about the walk may still name.
    /// </summary>
    public static ReadOnlySpan<byte> Names(CanonicalRequest request, bool ofOther, Span<byte> scratch)
    {
        var raw = request[ofOther ? request.OtherPath : request.RawPath];
        if (raw.IsEmpty) return raw;
        var decoded = scratch[..Decode(raw, scratch)];
        return scratch[..Fold(decoded, scratch, isBackslashSeparator: true, walks: false)];
    }

    /// <summary>Bytes that <see cref="Read"/> needs.</summary>
    public static int ScratchBytes(CanonicalRequest request) =>
        Math.Max(request.RawPath.Length, request.OtherPath.Length) + 1;

    /// <summary>
    /// A path with its parameters, trailing dots and spaces of segments, doubled slashes and dot segments gone, in
    /// lower case. May be written over its input.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="output">Room for it and one byte more.</param>
    /// <param name="isBackslashSeparator">A backslash divides segments as a slash does.</param>
    /// <param name="keepsParameters">
    /// What stands behind a semicolon is a part of the segment's name, so that <c>..;x</c> does not walk.
    /// </param>
    /// <param name="walks">Two dots take the segment before them away; else they are left out.</param>
    public static int Fold(
        ReadOnlySpan<byte> path, Span<byte> output, bool isBackslashSeparator, bool keepsParameters = false,
        bool walks = true)
    {
        var written = 0;
        for (var at = 0; at < path.Length;)
        {
            var end = at;
            while (end < path.Length && !IsSeparator(path[end], isBackslashSeparator)) end++;
            var segment = path[at..end];
            at = end + 1;
            var name = keepsParameters ? segment.TrimEnd(TrimmedBytes) : NameOf(segment);
            if (walks && name.IsEmpty && segment.StartsWith(".."u8))
            {
                written = Math.Max(output[..written].LastIndexOf((byte)'/'), 0);
                continue;
            }

            if (name.IsEmpty) continue;
            output[written++] = (byte)'/';
            foreach (var b in name) output[written++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
        }

        if (written == 0) output[written++] = (byte)'/';
        return written;
    }

    private static bool IsPlain(ReadOnlySpan<byte> path) =>
        !path.ContainsAny(Odd) && path.IndexOf("//"u8) < 0 && path.IndexOf("/."u8) < 0 && path.IndexOf("./"u8) < 0
        && path is [(byte)'/', .., not (byte)'.'] or [(byte)'/'];

    /// <summary>
    /// No segment that a program may take for a dot segment, no escape left, and bytes that are text in one way.
    /// </summary>
    private static bool IsSteady(ReadOnlySpan<byte> decoded)
    {
        if (!Utf8.IsValid(decoded) || PercentDecoder.HoldsEscape(decoded) || decoded is not [(byte)'/',
            ..]) return false;
        for (var at = 0; at < decoded.Length;)
        {
            var end = at;
            while (end < decoded.Length && !IsSeparator(decoded[end], true)) end++;
            var segment = decoded[at..end];
            if (segment.StartsWith("."u8) && NameOf(segment).IsEmpty) return false;
            if (segment.IndexOfAnyInRange((byte)0, (byte)0x1f) >= 0) return false;
            at = end + 1;
        }

        return true;
    }

    /// <summary>
    /// A segment without parameters and without the dots and spaces that some file systems drop from its end.
    /// </summary>
    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> segment)
    {
        var parameters = segment.IndexOf((byte)';');
        return (parameters < 0 ? segment : segment[..parameters]).TrimEnd(TrimmedBytes);
    }

    /// <summary>
    /// Undoes escapes until none is left, some layers at most; what then still holds some is not steady.
    /// </summary>
    private static int Decode(ReadOnlySpan<byte> path, Span<byte> output)
    {
        path.CopyTo(output);
        var length = path.Length;
        var ignored = Anomalies.None;
        for (var round = 0; round < DecodeRoundsMax && output[..length].Contains((byte)'%'); round++)
        {
            var next = PercentDecoder.Decode(output[..length], output, plusIsSpace: false, ref ignored);
            if (next == length) break;
            length = next;
        }

        return length;
    }

    private static bool IsSeparator(byte b, bool isBackslashSeparator) =>
        b == '/' || isBackslashSeparator && b == '\\';
}
