namespace WafOperator.Http;

/// <summary>
/// Splits a Cookie header at semicolons (RFC 6265 section 5.4, as servers read it). Values stay as sent; a quoted one
/// with escapes is shown a second time without them, as Python's and Java's readers give it to applications (RFC 2109),
/// and so is one whose quotes go on over semicolons.
/// </summary>
internal static class CookieReader
{
    /// <summary>Bytes of a name that a quoted value within a value may have.</summary>
    private const int InnerNameBytesMax = 256;

    public static void Read(CanonicalRequest request, Slice header)
    {
        var rest = header;
        while (!rest.IsEmpty)
        {
            var end = request[rest].IndexOf((byte)';');
            var pair = end < 0 ? rest : rest.Sub(0, end);
            rest = end < 0 ? default : rest.From(end + 1);
            pair = Trim(request, pair);
            if (pair.IsEmpty) continue;
            var equals = request[pair].IndexOf((byte)'=');
            if (equals < 0) request.AddCookie(pair, new Slice(pair.End, 0));
            else
            {
                var name = Trim(request, pair.Sub(0, equals));
                var value = Trim(request, pair.From(equals + 1));
                Add(request, name, value);
                if (!rest.IsEmpty && IsOpen(request[value]))
                    AddQuoted(request, name, new Slice(value.Offset, header.End - value.Offset));
                AddInner(request, value, header.End);
            }
        }
    }

    private static void Add(CanonicalRequest request, Slice name, Slice value)
    {
        request.AddCookie(name, value);
        var bytes = request[value];
        if (bytes.Length < 4 || bytes[0] != '"' || !bytes.Contains((byte)'\\')) return;
        // Behind the closing quote some readers begin the next pair, without a semicolon.
        var end = bytes[^1] == '"' ? bytes.Length - 1 : QuoteEnd(bytes);
        if (end > 1) AddUnescaped(request, name, value.Sub(1, end - 1));
    }

    /// <summary>A quote begins the value and does not end within it.</summary>
    private static bool IsOpen(ReadOnlySpan<byte> value) => value is [(byte)'"', ..] && QuoteEnd(value) < 0;

    /// <summary>Where the quote that a value begins with ends, or -1.</summary>
    private static int QuoteEnd(ReadOnlySpan<byte> value)
    {
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] == '"') return i;
            if (value[i] == '\\') i++;
        }

        return -1;
    }

    /// <summary>
    /// Shows a quoted value whole where semicolons are in it. Each ends at the next quote at the latest: together they
    /// cost no more than the header has bytes.
    /// </summary>
    private static void AddQuoted(CanonicalRequest request, Slice name, Slice rest)
    {
        var end = QuoteEnd(request[rest]);
        if (end > 1) AddUnescaped(request, name, rest.Sub(1, end - 1));
    }

    /// <summary>
    /// Python ends a pair at white space or a comma, too, and begins the next one there: a quoted value within a value.
    /// </summary>
    private static void AddInner(CanonicalRequest request, Slice value, int end)
    {
        for (var at = 0; request[value][at..].IndexOf("=\""u8) is >= 0 and var next;)
        {
            var equals = at + next;
            at = equals + 2;
            var before = request[value][Math.Max(0, equals - InnerNameBytesMax)..equals];
            var gap = before.LastIndexOfAny(" \t,"u8);
            var quoted = new Slice(value.Offset + equals + 1, end - value.Offset - equals - 1);
            var length = gap < 0 ? -1 : QuoteEnd(request[quoted]);
            if (length < 2 || !request[quoted][..length].Contains((byte)'\\')) continue;
            var name = value.Sub(equals - before.Length + gap + 1, before.Length - gap - 1);
            AddUnescaped(request, name, quoted.Sub(1, length - 1));
        }
    }

    private static void AddUnescaped(CanonicalRequest request, Slice name, Slice text)
    {
        if (!request.Arena.TryReserve(text.Length)) { request.NoMemory(); return; }
        var written = Unescape(request[text], request.Arena.Tail);
        request.AddCookie(name, request.Arena.Commit(written));
    }

    /// <summary>A backslash and three octal digits are a byte; before anything else a backslash goes.</summary>
    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var written = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                output[written++] = text[i];
                continue;
            }

            var digits = text[(i + 1)..Math.Min(text.Length, i + 4)];
            var isOctal = digits.Length == 3 && digits[0] is >= (byte)'0' and <= (byte)'3'
                && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'7');
            output[written++] = isOctal
                ? (byte)((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0') : text[i + 1];
            i += isOctal ? 3 : 1;
        }

        return written;
    }

    private static Slice Trim(CanonicalRequest request, Slice value)
    {
        var bytes = request[value];
        var start = bytes.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0) return new Slice(value.Offset, 0);
        return value.Sub(start, bytes.LastIndexOfAnyExcept((byte)' ', (byte)'\t') + 1 - start);
    }
}
