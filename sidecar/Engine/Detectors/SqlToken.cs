namespace WafOperator.Engine.Detectors;

/// <summary>What a token of SQL is. The values are the letters of a fingerprint.</summary>
internal static class SqlType
{
    public const byte Name = (byte)'n';
    public const byte Number = (byte)'1';
    public const byte Text = (byte)'s';
    public const byte Variable = (byte)'v';
    public const byte Arithmetic = (byte)'o';
    public const byte Comparison = (byte)'=';
    public const byte Like = (byte)'l';
    public const byte In = (byte)'i';
    public const byte Is = (byte)'z';
    public const byte Between = (byte)'t';
    public const byte Not = (byte)'!';
    public const byte Logic = (byte)'&';
    public const byte Union = (byte)'U';
    public const byte Select = (byte)'E';
    public const byte From = (byte)'F';
    public const byte Clause = (byte)'B';
    public const byte Where = (byte)'W';
    public const byte Statement = (byte)'X';
    public const byte Object = (byte)'T';
    public const byte Function = (byte)'f';
    public const byte StrongFunction = (byte)'S';
    public const byte Quantifier = (byte)'A';
    public const byte Keyword = (byte)'k';
    public const byte Open = (byte)'(';
    public const byte Close = (byte)')';
    public const byte Comma = (byte)',';
    public const byte Semicolon = (byte)';';
    public const byte Comment = (byte)'c';
    public const byte Other = (byte)'?';
}

/// <summary>Further facts about a token.</summary>
[Flags]
internal enum SqlMark : byte
{
    None = 0,

    /// <summary>A string that no quote ends.</summary>
    Unterminated = 1,

    /// <summary>An inline comment stands before the token: the usual substitute for a space.</summary>
    AfterComment = 2,

    /// <summary>The token stands in a comment that MySQL executes.</summary>
    InExecutedComment = 4,

    /// <summary>A comment that runs to the end and has nothing but white space or dashes in it.</summary>
    EmptyComment = 8,

    /// <summary>A word that names a table or variable of a database's own catalogue.</summary>
    Catalogue = 16,

    /// <summary>A comment of the kind that starts with a hash sign.</summary>
    HashComment = 32,

    /// <summary>Written as a symbol, not as a word.</summary>
    Symbol = 64,
}

/// <summary>A token: its type, facts and place in the input.</summary>
internal readonly record struct SqlToken(byte Type, SqlMark Mark, int Start, int Length)
{
    public int End => Start + Length;

    public bool Has(SqlMark mark) => (Mark & mark) != 0;
}

/// <summary>Where in a statement the input is assumed to land.</summary>
internal enum SqlContext
{
    /// <summary>In place of a number or name.</summary>
    Bare,

    /// <summary>Inside a string in single quotes.</summary>
    SingleQuoted,

    /// <summary>Inside a string in double quotes.</summary>
    DoubleQuoted,
}
