using System.Collections.Immutable;

namespace WafOperator.SecLang.Regex;

/// <summary>How a repeat chooses among the counts it may take.</summary>
public enum RepeatKind
{
    /// <summary>As many as possible, then fewer.</summary>
    Greedy,

    /// <summary>As few as possible, then more.</summary>
    Lazy,

    /// <summary>As many as possible, and never fewer afterwards.</summary>
    Possessive,
}

/// <summary>A condition on a position that consumes nothing.</summary>
public enum AssertionKind
{
    /// <summary>`\A`, and `^` outside multiline mode.</summary>
    SubjectStart,

    /// <summary>`^` in multiline mode: at the start, or after a line feed that is not the subject's last
    /// byte.</summary>
    LineStart,

    /// <summary>`\z`, and `$` where the dollar means the very end.</summary>
    SubjectEnd,

    /// <summary>`\Z`, and plain `$`: at the end, or before a line feed that ends the subject.</summary>
    SubjectEndOrFinalLineFeed,

    /// <summary>`$` in multiline mode: at the end, or before any line feed.</summary>
    LineEnd,

    /// <summary>`\b`.</summary>
    WordBoundary,

    /// <summary>`\B`.</summary>
    NotWordBoundary,

    /// <summary>`\G`: where the search began.</summary>
    SearchStart,
}

/// <summary>Where a lookaround looks and what it wants there.</summary>
public enum LookKind
{
    Ahead,
    NotAhead,
    Behind,
    NotBehind,
}

/// <summary>
/// A regular expression over bytes as a tree. Flags are resolved while parsing: letters under `(?i)` are sets of two
/// bytes, the dot is a set, `^` and `$` are one of <see cref="AssertionKind"/>. Immutable; nesting is bounded by
/// <see cref="RegexLimits.NestingMax"/>, so walking it recursively is safe.
/// </summary>
public abstract record RegexNode
{
    private RegexNode()
    {
    }

    /// <summary>Matches nothing but the empty string.</summary>
    public static RegexNode Nothing { get; } = new Empty();

    public sealed record Empty : RegexNode;

    /// <summary>One byte out of a set. An empty set never matches.</summary>
    public sealed record Set(ByteSet Bytes) : RegexNode;

    public sealed record Sequence(ImmutableArray<RegexNode> Items) : RegexNode;

    /// <summary>Alternatives in order of preference.</summary>
    public sealed record Choice(ImmutableArray<RegexNode> Items) : RegexNode;

    /// <summary>A repeat; <see cref="Max"/> is <see cref="Unbounded"/> where there is no upper limit.</summary>
    public sealed record Repeat(RegexNode Body, int Min, int Max, RepeatKind Kind) : RegexNode
    {
        public const int Unbounded = int.MaxValue;
    }

    /// <summary>A capturing group, counted from 1.</summary>
    public sealed record Capture(int Group, string? Name, RegexNode Body) : RegexNode;

    /// <summary>`(?&gt;…)`: once matched, its choices are final.</summary>
    public sealed record Atomic(RegexNode Body) : RegexNode;

    public sealed record Look(LookKind Kind, RegexNode Body) : RegexNode;

    public sealed record Assertion(AssertionKind Kind) : RegexNode;

    /// <summary>The text that a group captured; fails where the group has not matched.</summary>
    public sealed record BackReference(int Group, bool IgnoreCase) : RegexNode;

    /// <summary>`\K`: the reported match starts here.</summary>
    public sealed record MatchStartReset : RegexNode;
}
