using System.Buffers;
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>
/// One pattern, ready to search in bytes. Compiled on first use; safe for concurrent use; searching allocates nothing
/// once warm. Never throws for any pattern or input.
/// </summary>
public sealed class RegexProgram
{
    /// <summary>
    /// A budget of steps for one search where the caller keeps none for the whole transaction. A step is one unit of
    /// the slowest work a search does.
    /// </summary>
    public const long DefaultSteps = 2_000_000;

    /// <summary>Steps that one match may spend on captures once it is known that there is a match.</summary>
    private const long CaptureSteps = 500_000;

    private readonly Lazy<BacktrackCode> _backtracking;
    private readonly Lazy<LazyDfa?> _automaton;
    private readonly SearchValues<byte>? _starts;
    private readonly bool _anchored;

    private RegexProgram(RegexPattern pattern, RegexMemory memory)
    {
        GroupCount = pattern.GroupCount + 1;
        MinLength = RegexMeasure.MinLength(pattern.Root);
        var first = FirstBytes.Of(pattern.Root);
        _starts = first.CanBeEmpty || first.Bytes.Count == 256 ? null : SearchValues.Create(first.Bytes.ToArray());
        _anchored = Anchors.OnlyAtSearchStart(pattern.Root);
        _backtracking = new(() => BacktrackCompiler.Compile(pattern));
        _automaton = new(() => NfaBuilder.TryBuild(pattern.Root) is { } nfa ? new LazyDfa(nfa, memory) : null);
    }

    /// <summary>Capturing groups, with group 0 for the whole match.</summary>
    public int GroupCount { get; }

    /// <summary>Whether yes or no takes time linear in the input, because the pattern is regular.</summary>
    public bool IsLinear => _automaton.Value is { IsExact: true };

    /// <summary>Length of the shortest match, in bytes.</summary>
    public int MinLength { get; }

    /// <summary>Prepares a pattern that was read without an error.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="memory">What bounds its state tables; null for the process-wide default.</param>
    public static RegexProgram Create(RegexPattern pattern, RegexMemory? memory = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (!pattern.IsValid) throw new ArgumentException(pattern.Error!.Reason, nameof(pattern));
        return new(pattern, memory ?? RegexMemory.Default);
    }

    /// <summary>Whether the pattern matches anywhere in the input. The steps used are taken from the budget.</summary>
    public RegexOutcome IsMatch(ReadOnlySpan<byte> input, ref long steps) => Match(input, 0, [], ref steps);

    /// <summary>The same answer from the backtracking machine alone: the reference that tests compare with.</summary>
    internal RegexOutcome Backtrack(ReadOnlySpan<byte> input, int start, Span<Capture> groups, ref long steps)
    {
        var machine = new BacktrackMachine(_backtracking.Value, input, start, !groups.IsEmpty, steps);
        var outcome = machine.Search(_starts, _anchored);
        steps = Math.Max(0, machine.Steps);
        if (outcome == RegexOutcome.Match) machine.CopyCaptures(groups);
        return outcome;
    }

    /// <summary>
    /// Finds the leftmost match at or after <paramref name="start"/>, choosing among alternatives as PCRE does, and
    /// its captures. Groups beyond <see cref="GroupCount"/> are set to <see cref="Capture.None"/>. Where a match is
    /// certain but telling the captures apart would cost too many steps, group 0 is all that was searched and the
    /// others are unset.
    /// </summary>
    public RegexOutcome Match(ReadOnlySpan<byte> input, int start, Span<Capture> groups, ref long steps)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)input.Length, nameof(start));
        if (input.Length - start < MinLength) return RegexOutcome.NoMatch;
        if (_automaton.Value is not { } automaton) return Backtrack(input, start, groups, ref steps);
        var outcome = automaton.Search(input, start, ref steps);
        if (outcome != RegexOutcome.Match || (automaton.IsExact && groups.IsEmpty)) return outcome;
        return automaton.IsExact
            ? FillCaptures(input, start, groups, ref steps)
            : Backtrack(input, start, groups, ref steps);
    }

    /// <summary>The pattern is known to match: finding out where may cost a part of the budget, and may fail.</summary>
    private RegexOutcome FillCaptures(ReadOnlySpan<byte> input, int start, Span<Capture> groups, ref long steps)
    {
        var share = Math.Min(steps, CaptureSteps);
        var left = share;
        if (Backtrack(input, start, groups, ref left) != RegexOutcome.Match)
        {
            groups.Fill(Capture.None);
            groups[0] = new(start, input.Length - start);
        }

        steps -= share - left;
        return RegexOutcome.Match;
    }
}
