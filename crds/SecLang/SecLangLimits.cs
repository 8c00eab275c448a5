namespace WafOperator.SecLang;

/// <summary>
/// Bounds on what one set of rules may take. Beyond each there is a diagnostic, and the construct is left out.
/// </summary>
public sealed record SecLangLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static SecLangLimits Default { get; } = new();

    /// <summary>Bytes of one rules file.</summary>
    public long SourceBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of all rules files together.</summary>
    public long TotalBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes of one data file (<c>@pmFromFile</c>, <c>@ipMatchFromFile</c>).</summary>
    public long DataFileBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes of all data files together.</summary>
    public long DataFilesTotalBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes of one directive, continuation lines joined.</summary>
    public int DirectiveBytesMax { get; init; } = 256 * 1024;

    /// <summary>Directives of all files together.</summary>
    public int DirectivesMax { get; init; } = 100_000;

    /// <summary>How deep <c>Include</c> may nest.</summary>
    public int IncludeDepthMax { get; init; } = 16;

    /// <summary>Files read through <c>Include</c>.</summary>
    public int IncludedFilesMax { get; init; } = 1_000;

    /// <summary>Variables of one rule.</summary>
    public int VariablesPerRuleMax { get; init; } = 256;

    /// <summary>Actions of one rule, transformations included.</summary>
    public int ActionsPerRuleMax { get; init; } = 256;

    /// <summary>Rules of one chain.</summary>
    public int ChainLengthMax { get; init; } = 64;

    /// <summary>Diagnostics kept; more are counted in one last entry.</summary>
    public int DiagnosticsMax { get; init; } = 1_000;
}
