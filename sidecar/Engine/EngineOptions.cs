namespace WafOperator.Engine;

/// <summary>Whether rules run, and whether they may decide about the request.</summary>
public enum EngineMode
{
    /// <summary>No rule runs.</summary>
    Off,

    /// <summary>Rules run and report; deny, drop, redirect and allow have no effect on the request.</summary>
    DetectionOnly,

    /// <summary>Rules run and decide.</summary>
    On,
}

/// <summary>How a program is compiled and run.</summary>
public sealed record EngineOptions
{
    /// <summary>The options used where none are given.</summary>
    public static EngineOptions Default { get; } = new();

    /// <summary>Bounds on cost and memory.</summary>
    public EngineLimits Limits { get; init; } = EngineLimits.Default;

    /// <summary>What applies where the rules contain no <c>SecRuleEngine</c>.</summary>
    public EngineMode DefaultMode { get; init; } = EngineMode.On;

    /// <summary>
    /// The most that <c>SecRuleEngine</c> and <c>ctl:ruleEngine</c> can bring about (a policy's mode is a ceiling).
    /// </summary>
    public EngineMode ModeMax { get; init; } = EngineMode.On;

    /// <summary>
    /// Whether rules that cannot match are skipped in bulk, and what does not depend on the request is worked out
    /// beforehand. Off only for differential tests: verdicts are the same either way.
    /// </summary>
    public bool Prefilter { get; init; } = true;

    /// <summary>The clock of TIME variables, time-outs and collections.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Where IP, SESSION, USER, GLOBAL and RESOURCE live between requests. Give the same store to successive programs
    /// to keep counters across a reload; null makes a new one.
    /// </summary>
    public CollectionStore? Collections { get; init; }
}
