namespace WafOperator.SecLang;

/// <summary>Where a construct starts: the file's name as the user knows it and the line, counted from 1.</summary>
public readonly record struct SourceLocation(string File, int Line)
{
    /// <summary>For facts that have no place in a file.</summary>
    public static SourceLocation None { get; } = new("", 0);

    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : $"{File}:{Line}";
}
