using System.Buffers;

namespace WafOperator.Http;

/// <summary>
/// Shows what programs make of a name that comes more than once: the values of parameters joined by a comma (ASP.NET,
/// arrays of JavaScript as a string), and lines of a header joined by a comma and a blank, as they are sent on. Only
/// where two values hold bytes that open or close something can the whole be more than its pieces; checkboxes and lists
/// of ids are left alone.
/// </summary>
internal static class RepeatedValues
{
    /// <summary>Bytes that begin or end texts, comments, calls, tags and blocks.</summary>
    private static readonly SearchValues<byte> Marks = SearchValues.Create("'\"`()*<>{};\\$#|"u8);

    /// <summary>
    /// Joins arguments of query, form and multipart fields. Those from <paramref name="firstNew"/> on are new since the
    /// last call: names without a new one were joined before.
    /// </summary>
    public static void ShowArguments(CanonicalRequest request, int firstNew)
    {
        if ((request.Anomalies & Anomalies.DuplicateArgument) == 0) return;
        var count = request.Arguments.Length;
        var keys = ArrayPool<ulong>.Shared.Rent(count);
        var used = 0;
        for (var i = 0; i < count; i++)
        {
            ref readonly var argument = ref request.Arguments[i];
            if (argument.Source is ArgumentSource.Query or ArgumentSource.Form or ArgumentSource.Multipart)
                keys[used++] = (ulong)argument.NameHash << 32 | (uint)i;
        }

        keys.AsSpan(0, used).Sort();
        for (int start = 0, end; start < used; start = end)
        {
            for (end = start + 1; end < used && keys[end] >> 32 == keys[start] >> 32;) end++;
            if (end - start > 1 && (uint)keys[end - 1] >= firstNew) Join(request, keys.AsSpan(start, end - start));
        }

        ArrayPool<ulong>.Shared.Return(keys);
    }

    private static void Join(CanonicalRequest request, ReadOnlySpan<ulong> group)
    {
        int marked = 0, length = 0;
        // Second readings stand behind what they are readings of, with the same bytes as sent.
        var last = -1;
        foreach (var key in group)
        {
            ref readonly var argument = ref request.Arguments[(int)(uint)key];
            if (argument.RawValue.Offset <= last) continue;
            last = argument.RawValue.Offset;
            if (request[argument.Value].ContainsAny(Marks)) marked++;
            length += argument.Value.Length + 1;
        }

        if (marked < 2) return;
        if (!request.Arena.TryReserve(length)) { request.NoMemory(); return; }
        var start = request.Arena.Length;
        last = -1;
        foreach (var key in group)
        {
            ref readonly var argument = ref request.Arguments[(int)(uint)key];
            if (argument.RawValue.Offset <= last) continue;
            last = argument.RawValue.Offset;
            if (request.Arena.Length > start) request.Arena.TryAppend((byte)',');
            request.Arena.TryAppendCopy(argument.Value, out _);
        }

        var first = request.Arguments[(int)(uint)group[0]];
        request.AddArgument(
            first.Name, new Slice(start, request.Arena.Length - start), first.RawName, first.RawValue,
            request.Arguments[(int)(uint)group[^1]].Source, isAgain: true);
    }

    /// <summary>
    /// Joins lines of headers. Fields about the body and the connection have readers of their own, and are refused
    /// where two lines differ.
    /// </summary>
    public static void ShowHeaders(CanonicalRequest request)
    {
        ulong seen = 0;
        var count = request.Headers.Length;
        for (var i = 0; i < count; i++)
        {
            var bit = 1UL << (int)(request.Headers[i].NameHash & 63);
            if ((seen & bit) != 0) JoinLines(request, i, count);
            seen |= bit;
        }
    }

    /// <summary>Joins all lines of a name where the given one is the last of them.</summary>
    private static void JoinLines(CanonicalRequest request, int index, int count)
    {
        var header = request.Headers[index];
        var name = request[header.LowerName];
        if (name.SequenceEqual("cookie"u8) || name.SequenceEqual("host"u8) || name.StartsWith("content-"u8)
            || name.SequenceEqual("transfer-encoding"u8)) return;
        int marked = 0, length = 0;
        for (var i = 0; i < count; i++)
        {
            ref readonly var other = ref request.Headers[i];
            if (!IsSame(request, other, header)) continue;
            if (i > index) return;
            if (request[other.Value].ContainsAny(Marks)) marked++;
            length += other.Value.Length + 2;
        }

        if (marked < 2) return;
        if (!request.Arena.TryReserve(length)) { request.NoMemory(); return; }
        var start = request.Arena.Length;
        for (var i = 0; i <= index; i++)
        {
            if (!IsSame(request, request.Headers[i], header)) continue;
            if (request.Arena.Length > start) request.Arena.TryAppend(", "u8, out _);
            request.Arena.TryAppendCopy(request.Headers[i].Value, out _);
        }

        request.AddHeaderAgain(header, new Slice(start, request.Arena.Length - start));
    }

    private static bool IsSame(CanonicalRequest request, in Header one, in Header other) =>
        one.NameHash == other.NameHash && request[one.LowerName].SequenceEqual(request[other.LowerName]);
}
