namespace WafOperator.SecLang.Regex;

/// <summary>What a backslash introduces outside a class.</summary>
internal sealed partial class PatternReader
{
    private RegexNode? ReadEscape(int start)
    {
        if (AtEnd) return Refuse(start, "the pattern ends with a backslash");
        if (TryTake('Q')) return ReadQuoted();
        if (Peek is >= (byte)'1' and <= (byte)'9') return ReadDigits(start);
        if (TryTake('g')) return ReadNumberedReference(start);
        if (TryTake('k')) return ReadNamedReference(start);
        if (AssertionOf((char)Peek) is { } assertion)
        {
            _at++;
            return new RegexNode.Assertion(assertion);
        }

        switch ((char)Peek)
        {
            case 'K' when _lookbehinds > 0:
                return Refuse(start, "\\K is not allowed in a lookbehind");
            case 'K':
                _at++;
                return new RegexNode.MatchStartReset();
            case 'R':
                _at++;
                return LineBreak();
            case 'N':
                _at++;
                if (!AtEnd && Peek == '{' && !IsCount()) return Refuse(start, "\\N{…} needs Unicode: not supported");
                return new RegexNode.Set(~ByteSet.Of((byte)'\n'));
            case 'C':
                _at++;
                return new RegexNode.Set(ByteSet.All);
            case 'X' or 'p' or 'P':
                return Refuse(start, $"\\{(char)Peek} needs Unicode, which is not supported");
        }

        if (TryReadTypeEscape(out var type)) return new RegexNode.Set(type);
        return TryReadCharacterEscape(start, out var value) ? Literal(value) : null;
    }

    private bool IsCount()
    {
        var position = _at++;
        var isCount = TryReadCounts(out _, out _);
        _at = position;
        return isCount;
    }

    private static AssertionKind? AssertionOf(char symbol) => symbol switch
    {
        'b' => AssertionKind.WordBoundary,
        'B' => AssertionKind.NotWordBoundary,
        'A' => AssertionKind.SubjectStart,
        'Z' => AssertionKind.SubjectEndOrFinalLineFeed,
        'z' => AssertionKind.SubjectEnd,
        'G' => AssertionKind.SearchStart,
        _ => null,
    };

    /// <summary>`\d`, `\W` and the like, in and outside classes.</summary>
    private bool TryReadTypeEscape(out ByteSet set)
    {
        ByteSet? known = (char)Peek switch
        {
            'd' => ByteSet.Digits,
            'D' => ~ByteSet.Digits,
            'w' => ByteSet.Word,
            'W' => ~ByteSet.Word,
            's' => ByteSet.Space,
            'S' => ~ByteSet.Space,
            'h' => ByteSet.HorizontalSpace,
            'H' => ~ByteSet.HorizontalSpace,
            'v' => ByteSet.VerticalSpace,
            'V' => ~ByteSet.VerticalSpace,
            _ => null,
        };
        if (known is not null) _at++;
        set = known.GetValueOrDefault();
        return known is not null;
    }

    /// <summary>`\R`: a carriage return with its line feed is taken whole, hence atomic.</summary>
    private static RegexNode.Atomic LineBreak() => new(new RegexNode.Choice(
    [
        new RegexNode.Sequence([new RegexNode.Set(ByteSet.Of(13)), new RegexNode.Set(ByteSet.Of(10))]),
        new RegexNode.Set(ByteSet.VerticalSpace),
    ]));

    /// <summary>`\Q…\E`: quoted bytes; the last one may take a quantifier.</summary>
    private RegexNode? ReadQuoted()
    {
        var rest = pattern.AsSpan(_at);
        var end = rest.IndexOf("\\E"u8);
        var length = end < 0 ? rest.Length : end;
        if (length == 0)
        {
            _at += end < 0 ? 0 : 2;
            return null;
        }

        var items = new RegexNode[length];
        for (var index = 0; index < length; index++) items[index] = Literal(rest[index]);
        _at += length + (end < 0 ? 0 : 2);
        if (length > 1) items[^1] = ReadQuantifiers(items[^1], _at);
        return length == 1 ? items[0] : new RegexNode.Sequence([.. items]);
    }

    /// <summary>A back reference, or an octal code where there are not that many groups to the left.</summary>
    private RegexNode? ReadDigits(int start)
    {
        var digits = _at;
        TryReadNumber(out var number);
        if (number < 10 || number <= GroupCount || pattern[digits] >= '8') return Reference(number, start);
        _at = digits;
        return Literal(ReadOctal(3, 0, start));
    }

    private RegexNode.BackReference Reference(int group, int position)
    {
        References.Add((group, position));
        return new(group, _flags.IgnoreCase);
    }

    /// <summary>`\g{n}`, `\g{-n}`, `\g{name}`, `\gn`.</summary>
    private RegexNode? ReadNumberedReference(int start)
    {
        if (!AtEnd && Peek is (byte)'<' or (byte)'\'') return Refuse(start, "subroutine calls are not supported");
        var braced = TryTake('{');
        if (braced && !AtEnd && !(Peek is (byte)'-' or (byte)'+' or >= (byte)'0' and <= (byte)'9'))
            return NamedReference(start, ReadName('}'));
        var sign = TryTake('-') ? -1 : TryTake('+') ? 1 : 0;
        if (!TryReadNumber(out var number) || (braced && !TryTake('}')) || number == 0)
            return Refuse(start, "\\g needs a group number or a name in braces");
        var group = sign switch
        {
            < 0 => GroupCount - number + 1,
            > 0 => GroupCount + number,
            _ => number,
        };
        return group > 0 ? Reference(group, start) : Refuse(start, $"there is no group {number} places to the left");
    }

    private RegexNode? ReadNamedReference(int start)
    {
        if (TryTake('{')) return NamedReference(start, ReadName('}'));
        if (TryTake('<')) return NamedReference(start, ReadName('>'));
        return TryTake('\'') ? NamedReference(start, ReadName('\'')) : Refuse(start, "\\k needs a group name");
    }

    private RegexNode? NamedReference(int start, string name)
    {
        if (Error is not null) return null;
        if (GroupNames.TryGetValue(name, out var group)) return Reference(group, start);
        return Refuse(start, $"no group to the left is named '{name}'");
    }

    /// <summary>One byte written as an escape: `\n`, `\x41`, `\x{41}`, `\o{101}`, `\cA`, or any punctuation.</summary>
    private bool TryReadCharacterEscape(int start, out byte value)
    {
        var symbol = (char)pattern[_at++];
        value = symbol switch
        {
            'a' => 7,
            'e' => 27,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            '0' => ReadOctal(2, 0, start),
            'o' => ReadBracedOctal(start),
            'x' => ReadHexadecimal(start),
            'c' => ReadControl(start),
            _ => (byte)symbol,
        };
        if (char.IsAsciiLetterOrDigit(symbol) && !"aefnrt0oxc".Contains(symbol, StringComparison.Ordinal))
            Fail(start, $"\\{symbol} is not a known escape");
        return Error is null;
    }

    private byte ReadOctal(int digitsMax, int value, int start)
    {
        for (var count = 0; count < digitsMax && !AtEnd && Peek is >= (byte)'0' and <= (byte)'7'; count++)
            value = (value * 8) + (pattern[_at++] - '0');
        if (value > 255) Fail(start, "the octal code is above 377");
        return (byte)value;
    }

    private byte ReadBracedOctal(int start)
    {
        if (!TryTake('{')) Fail(start, "\\o needs its digits in braces");
        var digits = _at;
        var value = Error is null ? ReadOctal(12, 0, start) : (byte)0;
        if (Error is null && (_at == digits || !TryTake('}'))) Fail(start, "\\o{…} holds more than octal digits");
        return value;
    }

    private byte ReadHexadecimal(int start)
    {
        if (!TryTake('{')) return (byte)ReadHexadecimalDigits(2);
        var digits = _at;
        var value = ReadHexadecimalDigits(12);
        if (_at == digits || !TryTake('}')) Fail(start, "\\x{…} holds something that is not hexadecimal");
        else if (value > 255) Fail(start, "patterns are over bytes: \\x{…} goes up to ff");
        return (byte)value;
    }

    private long ReadHexadecimalDigits(int digitsMax)
    {
        long value = 0;
        for (var count = 0; count < digitsMax && !AtEnd && char.IsAsciiHexDigit((char)Peek); count++)
            value = (value << 4) | (uint)Convert.ToInt32(((char)pattern[_at++]).ToString(), 16);
        return value;
    }

    private byte ReadControl(int start)
    {
        if (AtEnd || Peek is < 32 or > 126)
        {
            Fail(start, "\\c needs a printable character");
            return 0;
        }

        return (byte)(char.ToUpperInvariant((char)pattern[_at++]) ^ 64);
    }
}
