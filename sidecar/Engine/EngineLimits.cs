namespace WafOperator.Engine;

/// <summary>
/// Bounds on what compiling rules and evaluating one transaction may take. Each has its unit in its name or comment.
/// </summary>
public sealed record EngineLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static EngineLimits Default { get; } = new();

    /// <summary>Rules of one program, chained ones included.</summary>
    public int RulesMax { get; init; } = 50_000;

    /// <summary>Members of the TX collection of one transaction; further ones are dropped and counted.</summary>
    public int TxVariablesMax { get; init; } = 4_096;

    /// <summary>Bytes of one value that an action writes; longer ones are cut.</summary>
    public int VariableBytesMax { get; init; } = 64 * 1024;

    /// <summary>Bytes one transaction may use for transformed values, macros and variables.</summary>
    public int TransactionBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of that memory a pooled transaction keeps between requests.</summary>
    public int RetainedBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Reported matches of one transaction; further ones still act, and are only counted.</summary>
    public int MatchesMax { get; init; } = 512;

    /// <summary>
    /// Values with what rules found in them, kept as evidence of one transaction; further ones are counted.
    /// </summary>
    public int HitsMax { get; init; } = 256;

    /// <summary>Matched values kept for MATCHED_VARS of one rule.</summary>
    public int MatchedValuesMax { get; init; } = 1_024;

    /// <summary>Bytes of a match's data text; longer ones are cut.</summary>
    public int MatchDataBytesMax { get; init; } = 4 * 1024;

    /// <summary>
    /// Work of one transaction in steps, the reading of the request included, beside what
    /// <see cref="StepsPerByteMax"/> adds. A step takes at most about a nanosecond of a quiet core, whatever is done in
    /// it, so a request of few bytes stays under 50 ms. Beyond it rules that read the request no longer run, and
    /// <see cref="Transaction.Exhausted"/> says so.
    /// </summary>
    public long StepsMax { get; init; } = 50_000_000;

    /// <summary>
    /// Further steps for each byte that the reader took in or decoded and for each byte of an inspected response body.
    /// Core Rule Set 3.3 at paranoia 1 spends 260 to 580 a byte on ordinary prose, markup and source code; a fixed
    /// bound alone would refuse long texts that the policy promises to inspect.
    /// </summary>
    public long StepsPerByteMax { get; init; } = 1_000;

    /// <summary>
    /// Steps of one search with a regular expression, beside <see cref="RegexStepsPerByteMax"/> for each byte of the
    /// value. These are the regex engine's own, of some nanoseconds each; they count towards <see cref="StepsMax"/> as
    /// well.
    /// </summary>
    public long RegexStepsPerSearchMax { get; init; } = 2_000_000;

    /// <summary>
    /// Steps of all such searches of one transaction together, beside <see cref="RegexStepsPerByteMax"/> for each byte.
    /// </summary>
    public long RegexStepsMax { get; init; } = 8_000_000;

    /// <summary>
    /// Further steps of regular expressions for each byte, as with <see cref="StepsPerByteMax"/>; ordinary texts take
    /// 15 to 50.
    /// </summary>
    public long RegexStepsPerByteMax { get; init; } = 100;

    /// <summary>Records (clients, sessions) of all persistent collections together.</summary>
    public int CollectionRecordsMax { get; init; } = 100_000;

    /// <summary>Variables of one record.</summary>
    public int CollectionVariablesMax { get; init; } = 128;

    /// <summary>Bytes of one record's key; longer keys are cut.</summary>
    public int CollectionKeyBytesMax { get; init; } = 256;
}
