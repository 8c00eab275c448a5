namespace WafOperator.Engine.Detectors;

/// <content>The shapes.</content>
internal readonly ref partial struct SqlStructure
{
    /// <summary>value AND|OR predicate: the classic tautology and its relatives.</summary>
    private bool IsLogic(int at)
    {
        var isAnchored = IsBehindValue(at) || at > 0 && Type(at - 1) == SqlType.Close || at == 0 && _isStart;
        var isLeftLiteral = at > 0 && (IsLiteral(Type(at - 1)) || Type(at - 1) == SqlType.Close);
        var left = ReadOperand(at + 1, out var next);
        switch (left)
        {
            case Operand.Query:
                return true;
            case Operand.Call:
                return isAnchored || isLeftLiteral || IsOver(next) || IsComparison(next);
            case Operand.None:
                return false;
        }

        if (TryReadComparison(next, left, out var isStrong, out var end))
        {
            if (isStrong) return isAnchored || isLeftLiteral || IsOver(end);
            return isAnchored && (isLeftLiteral || IsQuoted) && IsContinued(end)
                || Type(end) == SqlType.Comment && isAnchored;
        }

        if (left != Operand.Literal || !IsOver(next)) return false;
        if (!IsPlainText(next - 1)) return false;
        if (!isAnchored || !(isLeftLiteral || IsQuoted)) return false;
        return IsQuoted || Type(next) == SqlType.Comment || IsTruth(at - 1, at + 1);
    }

    /// <summary>A text behind an operator is no prose: short, letters and digits only. Other tokens are fine.</summary>
    private bool IsPlainText(int index)
    {
        if (Type(index) != SqlType.Text) return true;
        var text = TextOf(index);
        if (text.Length is 0 or > 32) return false;
        foreach (var value in text)
        {
            if (!char.IsAsciiLetterOrDigit((char)value)
                && value is not ((byte)'%' or (byte)'_' or (byte)'-' or (byte)'.')) return false;
        }

        return true;
    }

    /// <summary>
    /// A literal on both sides of AND or OR says something only where it is the same, or true or false.
    /// </summary>
    private bool IsTruth(int left, int right)
    {
        if (left < 0 || (uint)right >= (uint)_tokens.Length || Type(right) != SqlType.Number) return false;
        var value = TextOf(right);
        return value is [(byte)'0'] or [(byte)'1'] || !char.IsAsciiDigit((char)value[0])
            || value.SequenceEqual(TextOf(left));
    }

    private bool IsComparison(int index) =>
        Type(index) is SqlType.Comparison or SqlType.Like or SqlType.In or SqlType.Is or SqlType.Between or SqlType.Not
            or SqlType.Arithmetic or SqlType.Logic;

    /// <summary>
    /// Reads what makes a predicate of the operand before it. Strong: literals or calls on both sides, or a form that
    /// prose does not have.
    /// </summary>
    private bool TryReadComparison(int index, Operand left, out bool isStrong, out int end)
    {
        isStrong = false;
        end = index;
        var isNegated = Type(index) == SqlType.Not;
        if (isNegated) index++;
        switch (Type(index))
        {
            case SqlType.Comparison or SqlType.Arithmetic or SqlType.Like:
                var right = ReadOperand(SkipEscapes(index + 1), out end);
                var isWordy = !_tokens[index].Has(SqlMark.Symbol);
                isStrong = right == Operand.Query || left >= Operand.Literal && right >= Operand.Literal
                    || right == Operand.Call && left >= Operand.Name && !isWordy
                    || left == Operand.Name && right == Operand.Name && !isWordy && IsSameName(index);
                return right != Operand.None && (!isWordy || right >= Operand.Literal);
            case SqlType.In when IsWord(index + 1, "boolean"u8):
                isStrong = true;
                end = index + 3;
                return true;
            case SqlType.In:
                end = SkipCall(index + 1);
                isStrong = Type(index + 1) == SqlType.Open && (IsLiteral(Type(index + 2))
                    || Type(index + 2) == SqlType.Select);
                return Type(index + 1) == SqlType.Open;
            case SqlType.Is:
                var value = Type(index + 1) == SqlType.Not ? index + 2 : index + 1;
                end = value + 1;
                isStrong = left >= Operand.Literal && Type(value) == SqlType.Number;
                return Type(value) == SqlType.Number;
            case SqlType.Between:
                var low = ReadOperand(index + 1, out var logic);
                var high = ReadOperand(logic + 1, out end);
                isStrong = left >= Operand.Literal && low >= Operand.Literal && high >= Operand.Literal;
                return low >= Operand.Literal && high >= Operand.Literal && Type(logic) == SqlType.Logic;
            default:
                return false;
        }
    }

    /// <summary>SOUNDS LIKE and the like: two words for one operator.</summary>
    private int SkipEscapes(int index) => Type(index) is SqlType.Like or SqlType.Comparison ? index + 1 : index;

    private bool IsSameName(int comparison) =>
        comparison > 0 && comparison + 1 < _tokens.Length
        && TextOf(comparison - 1).SequenceEqual(TextOf(comparison + 1));

    /// <summary>What follows a predicate in a statement, or the rest that a query has behind the input.</summary>
    private bool IsContinued(int index) =>
        IsOver(index) || Type(index) is SqlType.Logic or SqlType.Clause or SqlType.Union or SqlType.Close
            or SqlType.Where
            or SqlType.Arithmetic or SqlType.Comparison;

    /// <summary>UNION [ALL] SELECT.</summary>
    private bool IsUnion(int at)
    {
        var i = at + 1;
        while (Type(i) is SqlType.Quantifier or SqlType.Open) i++;
        if (Type(i) == SqlType.Select)
            return IsSelectList(i + 1) && !IsPlainSelect(i + 1) || IsKnownTable(i + 3) || IsBehindValue(at)
                && (IsQuoted || IsLiteral(Type(at - 1)))
                || _tokens[i].Has(SqlMark.AfterComment | SqlMark.InExecutedComment);
        return IsBehindValue(at) && IsWord(i, "values"u8) && Type(i + 1) == SqlType.Open;
    }

    private bool IsKnownTable(int index) => (uint)index < (uint)_tokens.Length && _tokens[index].Has(SqlMark.Catalogue);

    /// <summary>SELECT name FROM name: as likely a statement somebody writes about.</summary>
    private bool IsPlainSelect(int index) => Type(index) == SqlType.Name && Type(index + 1) == SqlType.From;

    /// <summary>; statement.</summary>
    private bool IsStacked(int at)
    {
        var i = at + 1;
        if (Type(i) == SqlType.Select) return IsSelectList(i + 1);
        if (Type(i) == SqlType.Statement) return IsStatementShape(i, isAfterSemicolon: true);
        if (Type(i) == SqlType.Function) return IsBehindValue(at) && IsTight(i + 1) && (IsQuoted || IsLiteral(Type(0)));
        return Type(i) == SqlType.StrongFunction && IsStrongCall(i);
    }

    /// <summary>', call(…): the value is one of several, as in an insert or a list of columns.</summary>
    private bool IsListed(int at)
    {
        if (!IsBehindValue(at) || !IsQuoted) return false;
        var operand = ReadOperand(at + 1, out var next);
        return operand >= Operand.Call || operand == Operand.Literal && Type(next) == SqlType.Comment
            && _tokens[next].Has(SqlMark.EmptyComment);
    }

    /// <summary>(SELECT operand; SELECT list FROM name where a statement can start.</summary>
    private bool IsSelect(int at)
    {
        if (_tokens[at].Has(SqlMark.InExecutedComment)) return true;
        var before = at > 0 ? Type(at - 1) : (byte)0;
        if (before == SqlType.Open)
            return IsSelectList(at + 1) || Type(at + 1) == SqlType.Name && Type(at + 2) == SqlType.Where
                && IsBehindValue(at - 1);
        var isPlaced = before is SqlType.Semicolon || IsBehindValue(at) && (IsQuoted || IsLiteral(before));
        return isPlaced && IsSelectList(at + 1);
    }

    /// <summary>True for something that only a select list starts with.</summary>
    private bool IsSelectList(int index)
    {
        while (Type(index) == SqlType.Quantifier) index++;
        if (Type(index) == SqlType.Arithmetic && IsStar(index)) return true;
        var operand = ReadOperand(index, out var next);
        if (operand >= Operand.Literal) return true;
        return operand == Operand.Name && Type(next) is SqlType.Comma or SqlType.From;
    }

    /// <summary>sleep(5) and others that do harm wherever they stand.</summary>
    private bool IsStrongCall(int at) =>
        Type(at + 1) == SqlType.Open && Type(at + 2) is not 0
        && (IsTight(at + 1) || IsLiteral(Type(at + 2)) && Type(at + 3) is SqlType.Close or SqlType.Comma);

    /// <summary>A call of a known function where an operator joins it to the value before it.</summary>
    private bool IsCall(int at)
    {
        if (at == 0) return _isStart && (IsCallList(at) || IsProbe(at));
        var before = Type(at - 1);
        if (before == SqlType.Select) return at == 1 && _isStart && IsOver(SkipCall(at + 1));
        if (!(before is SqlType.Arithmetic or SqlType.Comparison && IsBehindValue(at - 1))) return false;
        if (!IsTight(at + 1)) return false;
        return IsLiteral(Type(at - 2)) || IsQuoted || at == 1;
    }

    /// <summary>char(94),concat(…),…: two calls of known functions are a select list.</summary>
    private bool IsCallList(int at)
    {
        var next = SkipCall(at + 1);
        return IsTight(at + 1) && Type(next) == SqlType.Comma && Type(next + 1) == SqlType.Function && IsTight(next + 2)
            && IsLiteral(Type(next + 3));
    }

    /// <summary>ORDER BY 3, GROUP BY x HAVING 1=1, LIMIT 1,1, WHERE 1=1.</summary>
    private bool IsClause(int at)
    {
        if (!IsBehindValue(at) && !(at == 0 && _isStart)) return false;
        var isLiteral = IsQuoted || at > 0 && Type(at - 1) is SqlType.Number or SqlType.Close || HasAlias;
        if (IsWord(at, "order"u8) || IsWord(at, "group"u8))
        {
            if (!IsWord(at + 1, "by"u8)) return false;
            var operand = ReadOperand(at + 2, out var next);
            while (Type(next) == SqlType.Comma) ReadOperand(next + 1, out next);
            if (at == 0) return operand == Operand.Literal && Type(next) == SqlType.Comment;
            if (operand >= Operand.Call) return true;
            return operand == Operand.Literal && (IsOver(next) || isLiteral)
                || operand == Operand.Name && isLiteral && (Type(next) is SqlType.Comment or SqlType.Where
                || IsOver(next));
        }

        if (Type(at) == SqlType.Where)
        {
            if (at == 0) return false;
            var left = ReadOperand(at + 1, out var next);
            if (left >= Operand.Call || left == Operand.Literal && Type(next) == SqlType.Comment) return true;
            return TryReadComparison(next, left, out var isStrong, out var end) && (isStrong || isLiteral
                && IsContinued(end));
        }

        if (IsWord(at, "procedure"u8)) return IsWord(at + 1, "analyse"u8);
        return isLiteral && Type(at + 1) == SqlType.Number && (IsOver(at + 2) || Type(at + 2) == SqlType.Comma)
            && (IsQuoted || Type(at + 2) != 0);
    }

    /// <summary>A comment right behind the value cuts off the rest of the query.</summary>
    private bool IsEnding(int at)
    {
        if (!IsBehindValue(at) && !(at > 0 && Type(at - 1) == SqlType.Semicolon && IsBehindValue(at - 1))) return false;
        var comment = _tokens[at];
        if (IsQuoted)
        {
            if (comment.Has(SqlMark.EmptyComment)) return true;
            var third = comment.Length > 2 ? _input[comment.Start + 2] : (byte)0;
            return IsTightTo(at) && (_input[comment.Start] == '-' && third == ' ' || _input[comment.Start] == '/');
        }

        var value = at > 0 && Type(at - 1) == SqlType.Semicolon ? at - 2 : at - 1;
        var isValue = value >= 0 && Type(value) is SqlType.Number or SqlType.Close;
        return isValue && comment.Has(SqlMark.EmptyComment) && !(comment.Has(SqlMark.HashComment)
            && comment.Length == 1)
            && !(comment.Length > 2 && _input[comment.Start + 2] == '-');
    }

    private bool IsTightTo(int at) => at > 0 && _tokens[at].Start <= _tokens[at - 1].End + 2;

    /// <summary>A statement at the start, behind the value or behind another.</summary>
    private bool IsStatement(int at)
    {
        if (_tokens[at].Has(SqlMark.InExecutedComment)) return true;
        if (IsWord(at, "waitfor"u8)) return IsStatementShape(at, isAfterSemicolon: false);
        return at > 0 && IsBehindValue(at) && (IsQuoted || IsLiteral(Type(at - 1)) || Type(at - 1) == SqlType.Close)
            && IsStatementShape(at, isAfterSemicolon: false);
    }

    private bool IsStatementShape(int at, bool isAfterSemicolon)
    {
        var next = Type(at + 1);
        if (IsWord(at, "waitfor"u8))
            return (IsWord(at + 1, "delay"u8) || IsWord(at + 1, "time"u8))
                && Type(at + 2) is SqlType.Text or SqlType.Variable or 0;
        if (IsWord(at, "declare"u8)) return next == SqlType.Variable;
        if (IsWord(at, "drop"u8) || IsWord(at, "alter"u8) || IsWord(at, "truncate"u8) || IsWord(at, "create"u8))
            return next == SqlType.Object && Type(at
                + 2) is SqlType.Name or SqlType.Text or SqlType.Function or SqlType.Statement
                && (isAfterSemicolon || IsOver(at + 3) || Type(at + 3) is SqlType.Open);
        if (IsWord(at, "insert"u8) || IsWord(at, "replace"u8))
            return IsWord(at + 1, "into"u8) && Type(at + 2) is SqlType.Name or SqlType.Function or SqlType.Object
                && (Type(at + 3) == SqlType.Open || IsWord(at + 3, "values"u8) || Type(at + 3) == SqlType.Select
                    || Type(at + 2) == SqlType.Function);
        if (IsWord(at, "delete"u8))
            return IsWord(at + 1, "from"u8) && Type(at + 2) is SqlType.Name or SqlType.Object
                && (Type(at + 3) == SqlType.Where || isAfterSemicolon || Type(at + 3) == SqlType.Comment);
        if (IsWord(at, "update"u8))
            return next is SqlType.Name or SqlType.Object && IsWord(at + 2, "set"u8)
                && Type(at + 4) == SqlType.Comparison;
        if (IsWord(at, "exec"u8) || IsWord(at, "execute"u8))
            return isAfterSemicolon && next is SqlType.Name or SqlType.Text or SqlType.Variable
                || next == SqlType.Open && Type(at + 2) == SqlType.Text
                || next is SqlType.Name && HasProcedurePrefix(at + 1);
        if (IsWord(at, "shutdown"u8)) return isAfterSemicolon && IsOver(at + 1);
        if (IsWord(at, "set"u8)) return next == SqlType.Variable && Type(at + 2) == SqlType.Comparison;
        if (IsWord(at, "attach"u8)) return next == SqlType.Object || next == SqlType.Text;
        if (IsWord(at, "call"u8))
            return isAfterSemicolon && next is SqlType.Name or SqlType.Function && Type(at + 2) == SqlType.Open;
        return isAfterSemicolon && (IsWord(at, "grant"u8) || IsWord(at, "if"u8) && next == SqlType.Open
            || IsWord(at, "backup"u8) && next == SqlType.Object || IsWord(at, "copy"u8) && next == SqlType.Name
            || IsWord(at, "begin"u8) && next is SqlType.Name or SqlType.Statement);
    }

    private bool HasProcedurePrefix(int index)
    {
        var name = TextOf(index);
        return name.Length > 3 && name[2] == '_' && (name[0] | 0x20) is 'x' or 's' && (name[1] | 0x20) == 'p'
            || name.IndexOf("..xp_"u8) >= 0;
    }

    /// <summary>@@version.</summary>
    private bool IsSystemVariable(int at)
    {
        if (!_tokens[at].Has(SqlMark.Catalogue)) return false;
        return at > 0 && Type(at - 1) is SqlType.Arithmetic or SqlType.Comparison or SqlType.Open or SqlType.Comma
            or SqlType.Select or SqlType.Logic || _tokens.Length == 1 && IsWord(at, "@@version"u8);
    }

    /// <summary>FROM information_schema.tables.</summary>
    private bool IsCatalogue(int at) =>
        _tokens[at].Has(SqlMark.Catalogue) && at > 0 && Type(at - 1) == SqlType.From && IsWord(at - 1, "from"u8)
        && at > 1 && Type(at - 2) is not SqlType.Name;

    /// <summary>INTO OUTFILE 'path'.</summary>
    private bool IsInto(int at) =>
        IsWord(at, "into"u8) && (IsWord(at + 1, "outfile"u8) || IsWord(at + 1, "dumpfile"u8))
            && Type(at + 2) == SqlType.Text;

    /// <summary>
    /// ' | x | ': operands and symbols in turn, from the quote that closes the value to a string that the query's own
    /// quote will close.
    /// </summary>
    private bool IsChain(int index)
    {
        while (true)
        {
            var operators = 0;
            while (Type(index) is SqlType.Arithmetic or SqlType.Comparison && _tokens[index].Has(SqlMark.Symbol))
            {
                index++;
                operators++;
            }

            if (operators == 0) return false;
            if (Type(index) == SqlType.Text && _tokens[index].Has(SqlMark.Unterminated))
                return _tokens[index].Length == 0;
            if (!IsLiteral(Type(index)) && Type(index) != SqlType.Name) return false;
            index++;
        }
    }

    /// <summary>(8362=9139: a comparison of two numbers has no meaning in a value but to be true or false.</summary>
    private bool IsEqualNumbers(int at) =>
        Type(at) == SqlType.Comparison && at > 1 && Type(at - 2) == SqlType.Open
        && (Type(at - 1) == SqlType.Number && Type(at + 1) == SqlType.Number
            || at == 2 && Type(at - 1) == SqlType.Text && Type(at + 1) == SqlType.Text && IsSameName(at))
        && Type(at + 2) is SqlType.Close or SqlType.Comma;

    /// <summary>CASE WHEN predicate THEN.</summary>
    private bool IsCase(int at)
    {
        if (!IsWord(at, "case"u8) || !IsWord(at + 1, "when"u8)) return false;
        var left = ReadOperand(at + 2, out var next);
        return left >= Operand.Call || TryReadComparison(next, left, out _, out _);
    }

    /// <summary>
    /// An operator right behind the quote that closes the value, with an operand: '-', '=', ' like '%.
    /// </summary>
    private bool IsOperator(int at)
    {
        if (IsEqualNumbers(at)) return true;
        if (!IsBehindValue(at)) return false;
        if (IsQuoted && IsChain(at)) return true;
        var left = IsQuoted || Type(at - 1) is SqlType.Number or SqlType.Close ? Operand.Literal : Operand.Name;
        if (left == Operand.Name) return false;
        if (!TryReadComparison(at, left, out var isStrong, out var end)) return false;
        if (IsQuoted && Type(at) == SqlType.Like && !IsPlainText(end - 1)) return false;
        if (IsQuoted) return isStrong && IsContinued(end) && (end >= _tokens.Length || Type(end) != 0);
        return isStrong && (Type(at) is SqlType.In or SqlType.Is or SqlType.Between or SqlType.Like
            || Type(end) == SqlType.Comment
            || Type(end) == SqlType.Logic);
    }
}
