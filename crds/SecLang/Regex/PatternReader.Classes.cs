using System.Text;

namespace WafOperator.SecLang.Regex;

/// <summary>Bracketed classes.</summary>
internal sealed partial class PatternReader
{
    private RegexNode? ReadClassOrLiteralBracket(int start)
    {
        var negated = TryTake('^');
        var set = ByteSet.Empty;
        var first = true;
        while (true)
        {
            if (AtEnd) return Refuse(start, "the class is not closed by ']'");
            if (!first && TryTake(']')) break;
            if (!TryReadClassItem(out var low, out var items)) return null;
            first = false;
            if (low < 0) set |= items;
            else if (!TryReadRangeEnd(low, out var range)) return null;
            else set |= range;
        }

        if (_flags.IgnoreCase) set = set.WithBothCases();
        return new RegexNode.Set(negated ? ~set : set);
    }

    /// <summary>One member: a single byte in <paramref name="low"/>, or a set (then <paramref name="low"/> is
    /// -1).</summary>
    private bool TryReadClassItem(out int low, out ByteSet items)
    {
        low = -1;
        items = ByteSet.Empty;
        var start = _at;
        var symbol = (char)pattern[_at++];
        if (symbol == '[' && TryReadPosix(start, out items)) return Error is null;
        if (symbol == '\\') return TryReadClassEscape(start, out low, out items);
        low = symbol;
        return Error is null;
    }

    private bool TryReadClassEscape(int start, out int low, out ByteSet items)
    {
        low = -1;
        items = ByteSet.Empty;
        if (AtEnd)
        {
            Fail(start, "the class is not closed by ']'");
            return false;
        }

        if (TryTake('E')) return true;
        if (TryTake('Q')) return TryReadQuotedInClass(start, out items);
        if (TryReadTypeEscape(out items)) return true;
        if (Peek is (byte)'R' or (byte)'X' or (byte)'B' or (byte)'N' or (byte)'p' or (byte)'P')
        {
            Fail(start, $"\\{(char)Peek} is not allowed in a class");
            return false;
        }

        byte value;
        if (TryTake('b')) value = 8;
        else if (Peek is >= (byte)'1' and <= (byte)'7') value = ReadOctal(3, 0, start);
        else if (!TryReadCharacterEscape(start, out value)) return false;
        low = value;
        return Error is null;
    }

    private bool TryReadQuotedInClass(int start, out ByteSet items)
    {
        items = ByteSet.Empty;
        var end = pattern.AsSpan(_at).IndexOf("\\E"u8);
        if (end < 0)
        {
            Fail(start, "\\Q in a class is not closed by \\E");
            return false;
        }

        foreach (var value in pattern.AsSpan(_at, end)) items |= ByteSet.Of(value);
        _at += end + 2;
        return true;
    }

    /// <summary>After a single byte: the rest of a range, where a hyphen makes one.</summary>
    private bool TryReadRangeEnd(int low, out ByteSet range)
    {
        range = ByteSet.Of((byte)low);
        if (_at + 1 >= pattern.Length || Peek != '-' || pattern[_at + 1] == ']') return true;
        var hyphen = _at++;
        if (!TryReadClassItem(out var high, out var items)) return false;
        if (high < 0)
        {
            // A hyphen before a whole set is itself a member.
            range |= ByteSet.Of((byte)'-') | items;
            return true;
        }

        if (high < low)
        {
            Fail(hyphen, "the range in the class runs backwards");
            return false;
        }

        range = ByteSet.Range((byte)low, (byte)high);
        return true;
    }

    /// <summary>`[:name:]` or `[:^name:]`, after its opening bracket.</summary>
    private bool TryReadPosix(int start, out ByteSet items)
    {
        items = ByteSet.Empty;
        if (AtEnd || Peek != ':') return false;
        var rest = pattern.AsSpan(_at + 1);
        var end = rest.IndexOf(":]"u8);
        var close = rest.IndexOf((byte)']');
        if (end < 0 || close != end + 1) return false;
        var name = rest[..end];
        var negated = name.StartsWith("^"u8);
        if (negated) name = name[1..];
        if (PosixSet(Encoding.Latin1.GetString(name)) is not { } set)
        {
            if (ContainsOnlyLetters(name)) Fail(start, "unknown POSIX class");
            return false;
        }

        _at += 1 + end + 2;
        items = negated ? ~set : set;
        return true;
    }

    private static bool ContainsOnlyLetters(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && !name.ContainsAnyExceptInRange((byte)'a', (byte)'z');

    private static ByteSet? PosixSet(string name) => name switch
    {
        "alpha" => Letters(),
        "lower" => ByteSet.Range((byte)'a', (byte)'z'),
        "upper" => ByteSet.Range((byte)'A', (byte)'Z'),
        "alnum" => Letters() | ByteSet.Digits,
        "ascii" => ByteSet.Range(0, 127),
        "blank" => ByteSet.Of(9) | ByteSet.Of((byte)' '),
        "cntrl" => ByteSet.Range(0, 31) | ByteSet.Of(127),
        "digit" => ByteSet.Digits,
        "graph" => ByteSet.Range(33, 126),
        "print" => ByteSet.Range(32, 126),
        "punct" => ByteSet.Range(33, 126) & ~(Letters() | ByteSet.Digits),
        "space" => ByteSet.Space,
        "word" => ByteSet.Word,
        "xdigit" => ByteSet.Digits | ByteSet.Range((byte)'a', (byte)'f') | ByteSet.Range((byte)'A', (byte)'F'),
        _ => null,
    };

    private static ByteSet Letters() =>
        ByteSet.Range((byte)'a', (byte)'z') | ByteSet.Range((byte)'A', (byte)'Z');
}
