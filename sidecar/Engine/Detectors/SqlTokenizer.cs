using System.Buffers;
using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Detectors;

/// <summary>
/// Takes an input apart as a database would that finds it in the given context. Dialects differ; where they do, the
/// reading that helps an attacker is taken. Linear, no allocation.
/// </summary>
internal ref struct SqlTokenizer(ReadOnlySpan<byte> input, SqlContext context)
{
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create(CreateWordBytes());

    private static readonly SearchValues<byte> Filler = SearchValues.Create(" \t\r-+;/*"u8);

    private readonly ReadOnlySpan<byte> _input = input;
    private int _position;
    private bool _isStarted;
    private bool _isInExecutedComment;
    private SqlMark _pending;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>The next token; false at the end of the input.</summary>
    public bool TryNext(out SqlToken token)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            if (context != SqlContext.Bare)
            {
                token = ReadText(0, context == SqlContext.SingleQuoted ? (byte)'\'' : (byte)'"', isPrefix: true);
                return true;
            }
        }

        while (_position < _input.Length)
        {
            if (!TryRead(out token)) continue;
            if (_pending != 0 || _isInExecutedComment)
            {
                var mark = token.Mark | _pending | (_isInExecutedComment ? SqlMark.InExecutedComment : 0);
                token = token with { Mark = mark };
                _pending = 0;
            }

            return true;
        }

        token = default;
        return false;
    }

    private bool TryRead(out SqlToken token)
    {
        token = default;
        var value = _input[_position];
        switch (value)
        {
            case <= (byte)' ' or 0xa0 or 0x7f:
                do _position++;
                while (_position < _input.Length && _input[_position] <= ' ');
                return false;
            case (byte)'\'' or (byte)'"':
                token = ReadText(_position + 1, value, isPrefix: false);
                return true;
            case (byte)'`':
                return ReadQuotedName(out token);
            case (byte)'/':
                return ReadSlash(out token);
            case (byte)'-':
                return ReadDash(out token);
            case (byte)'#':
                token = ReadComment(1, SqlMark.HashComment);
                return true;
            case (byte)'*' when _isInExecutedComment && Next(1) == '/':
                _isInExecutedComment = false;
                _position += 2;
                return false;
            case (byte)'\\':
                _position++;
                return false;
            case (byte)'@':
                token = ReadVariable();
                return true;
            case (byte)'$':
                token = Take(SqlType.Other, 1);
                return true;
            case (byte)'.' when Bytes.IsDigit(Next(1)):
            case >= (byte)'0' and <= (byte)'9':
                token = ReadNumber();
                return true;
            default:
                token = WordBytes.Contains(value) ? ReadWord() : ReadSymbol(value);
                return true;
        }
    }

    private readonly byte Next(int offset) => _position + offset < _input.Length ? _input[_position + offset] : (byte)0;

    private SqlToken Take(byte type, int length, SqlMark mark = SqlMark.None)
    {
        var token = new SqlToken(type, mark, _position, length);
        _position += length;
        return token;
    }

    /// <summary>A string up to its closing quote; a doubled or escaped quote does not close it.</summary>
    private SqlToken ReadText(int start, byte quote, bool isPrefix)
    {
        var i = start;
        while (i < _input.Length)
        {
            var next = _input[i..].IndexOfAny(quote, (byte)'\\');
            if (next < 0) break;
            i += next;
            if (_input[i] == '\\' && !isPrefix)
            {
                i += 2;
                continue;
            }

            if (_input[i] == '\\')
            {
                i++;
                continue;
            }

            if (i + 1 < _input.Length && _input[i + 1] == quote)
            {
                i += 2;
                continue;
            }

            _position = i + 1;
            return new SqlToken(SqlType.Text, SqlMark.None, start, i - start);
        }

        _position = _input.Length;
        return new SqlToken(SqlType.Text, SqlMark.Unterminated, start, _input.Length - start);
    }

    /// <summary>`name`; a single backtick closes a name that the input stands in.</summary>
    private bool ReadQuotedName(out SqlToken token)
    {
        var end = _input[(_position + 1)..].IndexOf((byte)'`');
        token = default;
        if (end < 0)
        {
            _position++;
            return false;
        }

        token = Take(SqlType.Name, end + 2, SqlMark.Symbol);
        return true;
    }

    private bool ReadSlash(out SqlToken token)
    {
        token = default;
        if (Next(1) != '*')
        {
            token = Take(SqlType.Arithmetic, 1, SqlMark.Symbol);
            return true;
        }

        if (Next(2) == '!')
        {
            _position += 3;
            while (Bytes.IsDigit(Next(0))) _position++;
            _isInExecutedComment = true;
            return false;
        }

        var end = _input[(_position + 2)..].IndexOf("*/"u8);
        if (end < 0)
        {
            token = ReadComment(2, SqlMark.None);
            return true;
        }

        _position += 2 + end + 2;
        _pending |= SqlMark.AfterComment;
        return false;
    }

    /// <summary>
    /// Two dashes start a comment; where MySQL wants white space behind them, so do we outside of quotes.
    /// </summary>
    private bool ReadDash(out SqlToken token)
    {
        var after = Next(2);
        var isComment = Next(1) == '-' && (_position + 2 >= _input.Length || after <= ' '
            || after is (byte)'-' or (byte)'+'
            || context != SqlContext.Bare && !Bytes.IsDigit(after)
            && after is not ((byte)'\'' or (byte)'"' or (byte)'('));
        token = isComment ? ReadComment(2, SqlMark.None) : Take(SqlType.Arithmetic, 1, SqlMark.Symbol);
        return true;
    }

    private SqlToken ReadComment(int opening, SqlMark mark)
    {
        var rest = _input[(_position + opening)..];
        var lineEnd = opening == 2 && _input[_position] == '/' ? -1 : rest.IndexOf((byte)'\n');
        var text = lineEnd < 0 ? rest : rest[..lineEnd];
        if (!text.ContainsAnyExcept(Filler)) mark |= SqlMark.EmptyComment;
        return Take(SqlType.Comment, opening + text.Length, mark);
    }

    private SqlToken ReadVariable()
    {
        var length = 1;
        while (Next(length) == '@') length++;
        var quote = Next(length);
        if (quote is (byte)'`' or (byte)'\'' or (byte)'"')
        {
            var end = _input[(_position + length + 1)..].IndexOf(quote);
            return Take(SqlType.Variable, end < 0 ? length : length + end + 2);
        }

        var run = _input[(_position + length)..].IndexOfAnyExcept(WordBytes);
        run = run < 0 ? _input.Length - _position - length : run;
        if (run == 0) return Take(length == 1 ? SqlType.Variable : SqlType.Other, length);
        return Take(SqlType.Variable, length + run, length == 2 ? SqlMark.Catalogue : SqlMark.None);
    }

    private SqlToken ReadNumber()
    {
        var rest = _input[_position..];
        var length = 0;
        if (rest[0] == '0' && rest.Length > 2 && (rest[1] | 0x20) is 'x' or 'b' && Bytes.IsHex(rest[2]))
        {
            length = 2 + Bytes.HexRun(rest[2..], rest.Length);
        }
        else
        {
            while (length < rest.Length && Bytes.IsDigit(rest[length])) length++;
            if (length < rest.Length && rest[length] == '.')
            {
                length++;
                while (length < rest.Length && Bytes.IsDigit(rest[length])) length++;
            }

            length += ExponentLength(rest[length..]);
        }

        var word = WordLength(rest[length..]);
        if (word > 0 && !IsGlued(rest.Slice(length, word))) return Take(SqlType.Name, length + word);
        return Take(SqlType.Number, length);
    }

    private static int ExponentLength(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || (rest[0] | 0x20) != 'e') return 0;
        var length = 1;
        if (length < rest.Length && rest[length] is (byte)'+' or (byte)'-') length++;
        var digits = length;
        while (length < rest.Length && Bytes.IsDigit(rest[length])) length++;
        return length > digits ? length : 0;
    }

    /// <summary>True for words that databases read right behind a number: 1or, 1union.</summary>
    private static bool IsGlued(ReadOnlySpan<byte> word) =>
        SqlWords.TypeOf(word, out _) is SqlType.Logic or SqlType.Union or SqlType.Clause or SqlType.Where
            or SqlType.From
            or SqlType.Like or SqlType.In or SqlType.Is or SqlType.Between or SqlType.Arithmetic;

    private static int WordLength(ReadOnlySpan<byte> rest)
    {
        var length = rest.IndexOfAnyExcept(WordBytes);
        return length < 0 ? rest.Length : length;
    }

    private SqlToken ReadWord()
    {
        var length = WordLength(_input[_position..]);
        var word = _input.Slice(_position, length);
        var quote = Next(length);
        if (quote is (byte)'\'' or (byte)'"' && IsTextPrefix(word))
        {
            var text = ReadText(_position + length + 1, quote, isPrefix: false);
            return text;
        }

        // Dots at the end are a token of their own, however many: one for each would read the rest again for each.
        var last = word.LastIndexOfAnyExcept((byte)'.');
        if (last >= 0) word = word[..(length = last + 1)];
        var type = SqlWords.TypeOf(word, out var isCatalogue);
        if (!isCatalogue && type == SqlType.Name && word.Contains((byte)'.'))
        {
            SqlWords.TypeOf(word[..word.IndexOf((byte)'.')], out isCatalogue);
        }

        return Take(type, length, isCatalogue ? SqlMark.Catalogue : SqlMark.None);
    }

    /// <summary>N'text', x'41', b'01', E'\n', _utf8'text'.</summary>
    private static bool IsTextPrefix(ReadOnlySpan<byte> word) =>
        word.Length == 1 && (word[0] | 0x20) is 'n' or 'x' or 'b' or 'e' || word.Length > 1 && word[0] == '_';

    private SqlToken ReadSymbol(byte value)
    {
        switch (value)
        {
            case (byte)'(':
                return Take(SqlType.Open, 1);
            case (byte)')':
                return Take(SqlType.Close, 1);
            case (byte)',':
                return Take(SqlType.Comma, 1);
            case (byte)';':
                return Take(SqlType.Semicolon, 1);
            case (byte)'=':
                return Take(SqlType.Comparison, Next(1) == '=' ? 2 : 1, SqlMark.Symbol);
            case (byte)'<':
                return Take(SqlType.Comparison, Next(1) == '='
                    && Next(2) == '>' ? 3 : Next(1) is (byte)'=' or (byte)'>' or (byte)'<' ? 2 : 1, SqlMark.Symbol);
            case (byte)'>':
                return Take(SqlType.Comparison, Next(1) is (byte)'=' or (byte)'>' ? 2 : 1, SqlMark.Symbol);
            case (byte)'!':
                return Next(1) is (byte)'=' or (byte)'>' or (byte)'<'
                    ? Take(SqlType.Comparison, 2, SqlMark.Symbol)
                    : Take(SqlType.Not, 1, SqlMark.Symbol);
            case (byte)'&':
                return Next(1) == '&' ? Take(SqlType.Logic, 2, SqlMark.Symbol)
                    : Take(SqlType.Arithmetic, 1, SqlMark.Symbol);
            case (byte)'|':
                return Next(1) == '|' ? Take(SqlType.Logic, 2, SqlMark.Symbol)
                    : Take(SqlType.Arithmetic, 1, SqlMark.Symbol);
            case (byte)':':
                return Next(1) == '=' ? Take(SqlType.Comparison, 2, SqlMark.Symbol) : Take(SqlType.Other, 1);
            case (byte)'+' or (byte)'*' or (byte)'%' or (byte)'^' or (byte)'~':
                return Take(SqlType.Arithmetic, 1, SqlMark.Symbol);
            default:
                return Take(SqlType.Other, 1);
        }
    }

    private static byte[] CreateWordBytes()
    {
        var bytes = new List<byte>();
        for (var value = 0; value < 256; value++)
        {
            if (Bytes.IsAlphanumeric((byte)value) || value is '_' or '$' or '.' || value >= 0x80 && value != 0xa0)
                bytes.Add((byte)value);
        }

        return [.. bytes];
    }
}
