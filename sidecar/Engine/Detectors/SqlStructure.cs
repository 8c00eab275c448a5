namespace WafOperator.Engine.Detectors;

/// <summary>
/// Decides whether a run of tokens goes on as SQL behind the value it stands in for. The rules are shapes that must
/// appear somewhere, so text put before or behind an attack cannot dilute it; a shape is accepted only where the words
/// around it are grammatical, so that prose with "and", "select" or an apostrophe is not.
/// </summary>
internal readonly ref partial struct SqlStructure(
    ReadOnlySpan<byte> input, ReadOnlySpan<SqlToken> tokens, SqlContext context, bool isStart, bool isEnd)
{
    private readonly ReadOnlySpan<byte> _input = input;
    private readonly ReadOnlySpan<SqlToken> _tokens = tokens;
    private readonly SqlContext _context = context;
    private readonly bool _isStart = isStart;
    private readonly bool _isEnd = isEnd;

    /// <summary>Words that are functions only before a parenthesis, and statements that are functions there.</summary>
    public static void Settle(Span<SqlToken> tokens)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            var isCall = i + 1 < tokens.Length && tokens[i + 1].Type == SqlType.Open;
            var type = tokens[i].Type;
            if (!isCall && type is SqlType.Function or SqlType.StrongFunction)
                tokens[i] = tokens[i] with { Type = SqlType.Name };
            else if (isCall && type is SqlType.Object or SqlType.Statement)
                tokens[i] = tokens[i] with { Type = SqlType.Function };
        }
    }

    /// <summary>True when a rule applies; <paramref name="at"/> is the token it starts from.</summary>
    public bool TryFind(out int at)
    {
        for (at = 0; at < _tokens.Length; at++)
        {
            var isFound = _tokens[at].Type switch
            {
                SqlType.Logic => IsLogic(at),
                SqlType.Union => IsUnion(at),
                SqlType.Semicolon => IsStacked(at),
                SqlType.Comma => IsListed(at),
                SqlType.Select => IsSelect(at),
                SqlType.StrongFunction => IsStrongCall(at),
                SqlType.Function => IsCall(at),
                SqlType.Clause or SqlType.Where => IsClause(at),
                SqlType.Comment => IsEnding(at),
                SqlType.Statement => IsStatement(at),
                SqlType.Variable => IsSystemVariable(at),
                SqlType.Name => IsCatalogue(at),
                SqlType.From => IsInto(at),
                SqlType.Keyword => IsCase(at),
                SqlType.Arithmetic or SqlType.Comparison or SqlType.Like or SqlType.In or SqlType.Is or SqlType.Between
                    => IsOperator(at),
                _ => false,
            };
            if (isFound) return true;
        }

        return false;
    }

    private byte Type(int index) => (uint)index < (uint)_tokens.Length ? _tokens[index].Type : (byte)0;

    /// <summary>Nothing follows, or only what a query would still hold behind the input.</summary>
    private bool IsOver(int index) =>
        index >= _tokens.Length ? _isEnd : _tokens[index].Type is SqlType.Comment or SqlType.Semicolon;

    private bool IsQuoted => _context != SqlContext.Bare;

    private static bool IsLiteral(byte type) => type is SqlType.Number or SqlType.Text or SqlType.Variable;

    private ReadOnlySpan<byte> TextOf(int index) => _input.Slice(_tokens[index].Start, _tokens[index].Length);

    private bool IsWord(int index, ReadOnlySpan<byte> lower)
    {
        if ((uint)index >= (uint)_tokens.Length || _tokens[index].Length != lower.Length) return false;
        var text = TextOf(index);
        for (var i = 0; i < text.Length; i++)
        {
            if ((text[i] | 0x20) != (lower[i] | 0x20)) return false;
        }

        return true;
    }

    /// <summary>
    /// Index of the first token behind the value that the input stands in for, when the input starts with one: a
    /// literal or one name, and closing parentheses. -1 when it starts otherwise.
    /// </summary>
    private int ValueEnd()
    {
        if (!_isStart || _tokens.Length == 0) return -1;
        var i = 0;
        while (Type(i) is SqlType.Arithmetic or SqlType.Not or SqlType.Open && !IsQuoted) i++;
        if (IsQuoted || IsLiteral(Type(i)) || Type(i) == SqlType.Name) i++;
        else if (Type(i) is not (SqlType.Close or SqlType.Logic)) return -1;
        while (Type(i) == SqlType.Close) i++;
        if (IsWord(i, "as"u8) && Type(i + 1) == SqlType.Name) i += 2;
        return i;
    }

    /// <summary>True when the value is followed by an alias: ') AS x.</summary>
    private bool HasAlias
    {
        get
        {
            var end = ValueEnd();
            return end > 2 && IsWord(end - 2, "as"u8);
        }
    }

    /// <summary>True when the token directly follows the value the input stands in for.</summary>
    private bool IsBehindValue(int index) => ValueEnd() == index;

    private enum Operand
    {
        None,
        Name,
        Literal,
        Call,
        Query,
    }

    /// <summary>Reads one operand with its signs and parentheses; <paramref name="next"/> is behind it.</summary>
    private Operand ReadOperand(int index, out int next)
    {
        while (Type(index) is SqlType.Not or SqlType.Open or SqlType.Quantifier
            || Type(index) == SqlType.Arithmetic && _tokens[index].Has(SqlMark.Symbol) && !IsStar(index)) index++;
        next = index + 1;
        switch (Type(index))
        {
            case SqlType.Number or SqlType.Text or SqlType.Variable:
                while (Type(next) == SqlType.Close) next++;
                return Operand.Literal;
            case SqlType.Select:
                return index > 0 && Type(index - 1) == SqlType.Open ? Operand.Query : Operand.None;
            case SqlType.Keyword when IsWord(index, "exists"u8) && Type(index + 1) == SqlType.Open:
                return Operand.Query;
            case SqlType.Keyword when IsWord(index, "case"u8) && (IsWord(index + 1, "when"u8)
                || IsWord(index + 2, "when"u8)):
                return Operand.Query;
            case SqlType.Function or SqlType.StrongFunction:
                next = SkipCall(index + 1);
                return Operand.Call;
            case SqlType.Name or SqlType.Object:
                if (Type(next) == SqlType.Open && IsTight(next)) next = SkipCall(next);
                while (Type(next) == SqlType.Close) next++;
                return Operand.Name;
            default:
                next = index;
                return Operand.None;
        }
    }

    private bool IsStar(int index) => _tokens[index].Length == 1 && _input[_tokens[index].Start] == '*';

    private bool IsTight(int index) => _tokens[index].Start == _tokens[index - 1].End;

    /// <summary>Behind the parenthesis that closes the one at <paramref name="index"/>, or the end.</summary>
    private int SkipCall(int index)
    {
        var depth = 0;
        for (; index < _tokens.Length; index++)
        {
            if (Type(index) == SqlType.Open) depth++;
            else if (Type(index) == SqlType.Close && --depth <= 0) return index + 1;
        }

        return index;
    }

    /// <summary>
    /// ascii(substring(version() from 1 for 1)): the whole value is a call, and in it the database is asked about
    /// itself. It is an expression that runs where a number is expected.
    /// </summary>
    private bool IsProbe(int at)
    {
        var end = SkipCall(at + 1);
        if (!IsTight(at + 1) || !IsOver(end)) return false;
        for (var i = at + 2; i + 2 < end; i++)
        {
            if (Type(i) is SqlType.Function or SqlType.StrongFunction && Type(i + 1) == SqlType.Open
                && Type(i + 2) == SqlType.Close && IsAboutDatabase(i)) return true;
        }

        return false;
    }

    private bool IsAboutDatabase(int at) =>
        IsWord(at, "version"u8) || IsWord(at, "user"u8) || IsWord(at, "current_user"u8)
        || IsWord(at, "session_user"u8) || IsWord(at, "system_user"u8) || IsWord(at, "database"u8)
        || IsWord(at, "schema"u8) || IsWord(at, "current_database"u8) || IsWord(at, "sqlite_version"u8)
        || IsWord(at, "db_name"u8) || IsWord(at, "connection_id"u8);
}
