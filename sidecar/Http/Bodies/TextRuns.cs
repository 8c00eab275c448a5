using System.Buffers;
using System.Text.Unicode;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Finds text within bytes that are none: by chance so many printable bytes do not stand together. Pure.
/// </summary>
internal static class TextRuns
{
    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x80).Select(value => (byte)value).Where(value => !IsText(value))]);

    /// <summary>Of a million random bytes, seven runs are as long as this.</summary>
    public const int BytesMin = 12;

    /// <summary>Copies the runs to one slice, with a blank between two; false when there are none.</summary>
    public static bool TryKeep(CanonicalRequest request, Slice content, out Slice kept)
    {
        kept = default;
        if (Next(request[content], 0).Length == 0) return false;
        if (!request.Arena.TryReserve(content.Length)) { request.NoMemory(); return false; }
        var bytes = request[content];
        var target = request.Arena.Tail;
        var written = 0;
        for (var at = 0; Next(bytes, at) is { Length: > 0 } run; at = run.Start + run.Length)
        {
            if (written > 0) target[written++] = (byte)' ';
            bytes.Slice(run.Start, run.Length).CopyTo(target[written..]);
            written += run.Length;
        }

        kept = request.Arena.Commit(written);
        return true;
    }

    /// <summary>
    /// A copy with blanks for control characters, and for bytes of no charset where it is not UTF-8; the same slice
    /// where there are none. False without memory.
    /// </summary>
    public static bool TryBlank(CanonicalRequest request, Slice bytes, out Slice shown)
    {
        shown = bytes;
        var isUtf8 = Utf8.IsValid(request[bytes]);
        if (isUtf8 && !request[bytes].ContainsAny(Controls)) return true;
        if (!request.Arena.TryAppendCopy(bytes, out shown)) { request.NoMemory(); return false; }
        foreach (ref var value in request.Arena.Written(shown))
        {
            if (!IsText(value) && (value < 0x80 || !isUtf8)) value = (byte)' ';
        }

        return true;
    }

    /// <summary>True when a text of some length is in the bytes.</summary>
    public static bool Holds(ReadOnlySpan<byte> bytes) => Next(bytes, 0).Length > 0;

    public static bool IsText(byte value) => value is >= 0x20 and < 0x7f or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private static (int Start, int Length) Next(ReadOnlySpan<byte> bytes, int from)
    {
        for (var at = from; at < bytes.Length; at++)
        {
            var start = at;
            while (at < bytes.Length && IsText(bytes[at])) at++;
            if (at - start >= BytesMin) return (start, at - start);
        }

        return (bytes.Length, 0);
    }
}
