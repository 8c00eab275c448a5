using System.Collections.Immutable;

namespace WafOperator.SecLang.Regex;

/// <summary>
/// The recursive-descent reader behind <see cref="RegexParser"/>: one instance per pattern. After the first error every
/// method returns quickly. Recursion is bounded by <see cref="RegexLimits.NestingMax"/>.
/// </summary>
internal sealed partial class PatternReader(byte[] pattern, RegexFlags flags, RegexLimits limits)
{
    private RegexFlags _flags = flags;
    private bool _lazyByDefault;
    private int _at;
    private int _nesting;
    private int _lookbehinds;

    public RegexDiagnostic? Error { get; private set; }

    public int GroupCount { get; private set; }

    public Dictionary<string, int> GroupNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Back references with their positions, checked when all groups are known.</summary>
    public List<(int Group, int Position)> References { get; } = [];

    private bool AtEnd => _at >= pattern.Length;

    public RegexNode ReadPattern()
    {
        var root = ReadChoice();
        if (Error is null && !AtEnd) Fail(_at, "unmatched closing parenthesis");
        return root;
    }

    public void Fail(int position, string reason) => Error ??= new(position, reason);

    private RegexNode ReadChoice()
    {
        var options = ImmutableArray.CreateBuilder<RegexNode>();
        options.Add(ReadSequence());
        while (Error is null && TryTake('|')) options.Add(ReadSequence());
        return options.Count == 1 ? options[0] : new RegexNode.Choice(options.ToImmutable());
    }

    private RegexNode ReadSequence()
    {
        var items = ImmutableArray.CreateBuilder<RegexNode>();
        while (Error is null)
        {
            SkipIgnored();
            if (AtEnd || Peek is (byte)'|' or (byte)')') break;
            var start = _at;
            if (ReadAtom() is not { } atom) continue;
            items.Add(ReadQuantifiers(atom, start));
        }

        return items.Count switch
        {
            0 => RegexNode.Nothing,
            1 => items[0],
            _ => new RegexNode.Sequence(items.ToImmutable()),
        };
    }

    /// <summary>One item without its quantifier; null for what changes modes and matches nothing.</summary>
    private RegexNode? ReadAtom()
    {
        var start = _at;
        var symbol = (char)pattern[_at++];
        switch (symbol)
        {
            case '(':
                return ReadGroup(start);
            case '[':
                return ReadClassOrLiteralBracket(start);
            case '.':
                return new RegexNode.Set(_flags.DotMatchesLineFeed ? ByteSet.All : ~ByteSet.Of((byte)'\n'));
            case '^':
                return new RegexNode.Assertion(_flags.Multiline ? AssertionKind.LineStart : AssertionKind.SubjectStart);
            case '$':
                return new RegexNode.Assertion(Dollar());
            case '\\':
                return ReadEscape(start);
            case '*' or '+' or '?':
                Fail(start, $"'{symbol}' has nothing to repeat");
                return null;
            case '{' when TryReadCounts(out _, out _):
                Fail(start, "the counted repeat has nothing to repeat");
                return null;
            default:
                return Literal((byte)symbol);
        }
    }

    private AssertionKind Dollar() =>
        _flags.Multiline ? AssertionKind.LineEnd
        : _flags.DollarIsVeryEnd ? AssertionKind.SubjectEnd
        : AssertionKind.SubjectEndOrFinalLineFeed;

    private RegexNode.Set Literal(byte value)
    {
        var set = ByteSet.Of(value);
        return new(_flags.IgnoreCase ? set.WithBothCases() : set);
    }

    private RegexNode ReadQuantifiers(RegexNode atom, int atomStart)
    {
        SkipIgnored();
        if (Error is not null || AtEnd) return atom;
        int min;
        int max;
        switch ((char)Peek)
        {
            case '*': (min, max) = (0, RegexNode.Repeat.Unbounded); _at++; break;
            case '+': (min, max) = (1, RegexNode.Repeat.Unbounded); _at++; break;
            case '?': (min, max) = (0, 1); _at++; break;
            case '{':
                _at++;
                if (TryReadCounts(out min, out max)) break;
                _at--;
                return atom;
            default: return atom;
        }

        // As PCRE: the escape alone cannot, a group that holds nothing else can.
        if (atom is RegexNode.MatchStartReset && pattern[atomStart] == '\\')
            Fail(atomStart, "\\K cannot be repeated");
        return Repeat(atom, min, max, ReadRepeatKind());
    }

    private RepeatKind ReadRepeatKind()
    {
        if (TryTake('+')) return RepeatKind.Possessive;
        var lazy = TryTake('?') != _lazyByDefault;
        return lazy ? RepeatKind.Lazy : RepeatKind.Greedy;
    }

    private static RegexNode Repeat(RegexNode body, int min, int max, RepeatKind kind)
    {
        // A condition repeated is the condition; PCRE treats a repeated lookaround the same way.
        if (body is RegexNode.Assertion or RegexNode.Look)
        {
            if (min > 0) return body;
            max = Math.Min(max, 1);
        }

        if (max == 0) return RegexNode.Nothing;
        var once = min == 1 && max == 1 && kind != RepeatKind.Possessive;
        return once ? body : new RegexNode.Repeat(body, min, max, kind);
    }

    /// <summary>Reads `n}`, `n,}` or `n,m}` after an opening brace; otherwise leaves the position and the brace is
    /// literal.</summary>
    private bool TryReadCounts(out int min, out int max)
    {
        var start = _at;
        max = 0;
        if (!TryReadNumber(out min)) return Back(start);
        max = min;
        if (TryTake(','))
        {
            if (!AtEnd && Peek == '}') max = RegexNode.Repeat.Unbounded;
            else if (!TryReadNumber(out max)) return Back(start);
        }

        if (!TryTake('}')) return Back(start);
        if (min > limits.RepeatMax || (max > limits.RepeatMax && max != RegexNode.Repeat.Unbounded))
            Fail(start, $"a repeat count is above {limits.RepeatMax}");
        else if (max < min) Fail(start, "the repeat's upper count is below its lower count");
        return true;
    }

    private bool Back(int position)
    {
        _at = position;
        return false;
    }

    /// <summary>Reads a decimal number; values beyond the limits saturate.</summary>
    private bool TryReadNumber(out int value)
    {
        value = 0;
        var start = _at;
        while (!AtEnd && Peek is >= (byte)'0' and <= (byte)'9')
            value = Math.Min((value * 10) + (pattern[_at++] - '0'), 10_000_000);
        return _at > start;
    }

    private byte Peek => pattern[_at];

    private bool TryTake(char symbol)
    {
        if (AtEnd || pattern[_at] != symbol) return false;
        _at++;
        return true;
    }

    private bool TryTake(ReadOnlySpan<byte> text)
    {
        if (!pattern.AsSpan(_at).StartsWith(text)) return false;
        _at += text.Length;
        return true;
    }

    /// <summary>Skips `(?#…)`, a stray `\E`, `\Q\E`, and in extended mode white space and comments.</summary>
    private void SkipIgnored()
    {
        while (!AtEnd && Error is null)
        {
            if (TryTake("(?#"u8)) SkipComment();
            else if (TryTake("\\E"u8) || TryTake("\\Q\\E"u8)) continue;
            else if (_flags.Extended && ByteSet.Space.Contains(Peek)) _at++;
            else if (_flags.Extended && Peek == '#') SkipLine();
            else return;
        }
    }

    private void SkipComment()
    {
        var end = pattern.AsSpan(_at).IndexOf((byte)')');
        if (end < 0) Fail(_at, "the comment has no closing parenthesis");
        else _at += end + 1;
    }

    private void SkipLine()
    {
        var end = pattern.AsSpan(_at).IndexOf((byte)'\n');
        _at = end < 0 ? pattern.Length : _at + end + 1;
    }
}
