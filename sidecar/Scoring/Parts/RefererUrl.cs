using System.Buffers;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// The pieces of a Referer that is the address of a page: its path, and each value of its query, as they were read when
/// the page itself was asked for. As one text with scheme and host in front, words that passed in the query
/// (<c>?q=a+||+b</c>) look like something else, and whatever the page loads would be refused. Bytes that browsers
/// escape make it another text: who writes the whole into a statement or a page would have a quote or a tag of it.
/// Pure.
/// </summary>
internal static class RefererUrl
{
    /// <summary>Longer ones are judged as the text they are.</summary>
    public const int BytesMax = 8 * 1024;

    private static readonly SearchValues<byte> InAuthority =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]"u8);

    /// <summary>What browsers escape in queries of pages, and what is no ASCII.</summary>
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Select(b => (byte)b).Where(b => b is <= 0x20 or >= 0x7f), .. "\"'<>"u8]);

    /// <summary>Where the path begins; negative where it is another header, or its value no such address.</summary>
    /// <param name="lowerName">Name of the header in lower case.</param>
    /// <param name="value">Its value as sent.</param>
    public static int PathStart(ReadOnlySpan<byte> lowerName, ReadOnlySpan<byte> value)
    {
        if (!lowerName.SequenceEqual("referer"u8) || value.Length > BytesMax || value.ContainsAny(Escaped)) return -1;
        var start = value.StartsWith("https://"u8) ? 8 : value.StartsWith("http://"u8) ? 7 : -1;
        if (start < 0) return -1;
        var length = value[start..].IndexOfAnyExcept(InAuthority);
        return length > 0 && value[start + length] is (byte)'/' or (byte)'?' ? start + length : -1;
    }

    /// <summary>The next piece from a place on.</summary>
    /// <param name="value">The address.</param>
    /// <param name="from">
    /// Where the search begins: first at <see cref="PathStart"/>; afterwards where the next one has to begin.
    /// </param>
    /// <param name="piece">Where it stands. A pair whose name is no plain word is one piece.</param>
    /// <param name="isOfQuery">A plus in it is a blank.</param>
    /// <returns>False when nothing is left.</returns>
    public static bool TryNext(ReadOnlySpan<byte> value, ref int from, out Range piece, out bool isOfQuery)
    {
        (piece, isOfQuery) = (default, false);
        if (from >= value.Length) return false;
        var start = from;
        // Browsers send no fragment: what follows the mark is one text.
        if (value[start] == '#') return Take(start, value.Length, ref from, out piece);
        if (value[start] == '/')
        {
            var path = value[start..].IndexOfAny((byte)'?', (byte)'#');
            return Take(start, path < 0 ? value.Length : start + path, ref from, out piece);
        }

        isOfQuery = true;
        var length = value[(start + 1)..].IndexOfAny((byte)'&', (byte)'#');
        var end = length < 0 ? value.Length : start + 1 + length;
        var name = value[(start + 1)..end].IndexOf((byte)'=');
        var isPlain = name > 0 && !PartRules.IsOddName(value.Slice(start + 1, name));
        Take(isPlain ? start + 2 + name : start + 1, end, ref from, out piece);
        from = end;
        return true;
    }

    /// <summary>
    /// True where a plus stands beside a quote or bracket: a program that undoes the percent signs alone has the
    /// operator there that joins texts, and no blank.
    /// </summary>
    public static bool JoinsTexts(ReadOnlySpan<byte> piece)
    {
        for (var at = piece.IndexOf((byte)'+'); at >= 0;)
        {
            if (Ends(piece[..at]) || Begins(piece[(at + 1)..])) return true;
            var next = piece[(at + 1)..].IndexOf((byte)'+');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    private static bool Ends(ReadOnlySpan<byte> before) =>
        before is [.., (byte)'\'' or (byte)')' or (byte)'`']
            or [.., (byte)'%', (byte)'2', (byte)'2' or (byte)'7' or (byte)'9'] or [.., (byte)'%', (byte)'6', (byte)'0'];

    private static bool Begins(ReadOnlySpan<byte> behind) =>
        behind is [(byte)'\'' or (byte)'(' or (byte)'`', ..]
            or [(byte)'%', (byte)'2', (byte)'2' or (byte)'7' or (byte)'8', ..] or [(byte)'%', (byte)'6', (byte)'0', ..];

    private static bool Take(int start, int end, ref int from, out Range piece)
    {
        (piece, from) = (start..end, end);
        return true;
    }
}
