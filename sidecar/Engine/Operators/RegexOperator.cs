// Description: the pattern (PCRE, over bytes) matches somewhere in the value: @rx, @rxGlobal. The latter goes on behind
//              each match and keeps the captures of all of them, up to TX.9.
// Arguments:   the pattern; macros are expanded, and are then part of the pattern.
// Example:     SecRule ARGS "@rx (?i)union\s+select" "id:1,phase:2,deny,capture"
using System.Text;
using WafOperator.Engine.Program;
using WafOperator.Http;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class RegexOperator : RuleOperator
{
    private readonly RegexProgram _program;
    private readonly bool _isGlobal;
    private readonly bool _matchesAll;

    private RegexOperator(RegexPattern pattern, bool isGlobal, bool matchesAll)
    {
        _program = RegexProgram.Create(pattern);
        _isGlobal = isGlobal;
        _matchesAll = matchesAll;
        Condition = PatternAnalysis.Analyze(pattern);
    }

    public override PatternCondition Condition { get; }

    /// <summary>A search pays for its own steps.</summary>
    public override long StepsFor(ReadOnlySpan<byte> value) => 0;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        if (_matchesAll && !value.Contains((byte)'\n'))
        {
            state.Capture(0, value.Length);
            return true;
        }

        if (!state.WantsGroups)
        {
            return Run(state, value, 0, []) == RegexOutcome.Match;
        }

        Span<Capture> groups = stackalloc Capture[MatchState.GroupsMax];
        groups = groups[..Math.Min(groups.Length, _program.GroupCount)];
        if (Run(state, value, 0, groups) != RegexOutcome.Match)
        {
            return false;
        }

        Keep(state, groups);
        if (_isGlobal)
        {
            FindMore(state, value, groups);
        }

        return true;
    }

    /// <summary>The first match from a place on, for operators that look at what a pattern found.</summary>
    public bool TryFind(MatchState state, ReadOnlySpan<byte> value, int from, out int start, out int length)
    {
        Span<Capture> groups = stackalloc Capture[1];
        var found = Run(state, value, from, groups) == RegexOutcome.Match;
        (start, length) = found ? (groups[0].Start, groups[0].Length) : (0, 0);
        return found;
    }

    /// <summary>Compiles a pattern (a char for each byte); null and the reason where it cannot be read.</summary>
    public static RegexOperator? Create(string pattern, bool isGlobal, out string? problem)
    {
        var read = RegexParser.Parse(Encoding.Latin1.GetBytes(pattern), RegexFlags.ModSecurity3);
        problem = read.Error is { } error ? $"{error.Reason} (at byte {error.Position} of the pattern)" : null;
        return problem is null
            ? new RegexOperator(read, isGlobal, matchesAll: !isGlobal && pattern is "^.*$")
            : null;
    }

    private RegexOutcome Run(MatchState state, ReadOnlySpan<byte> value, int start, Span<Capture> groups)
    {
        var budget = state.TakeRegexSteps(value.Length);
        var left = budget;
        var outcome = groups.IsEmpty ? _program.IsMatch(value, ref left) : _program.Match(value, start, groups,
            ref left);
        state.ReturnRegexSteps(budget - left, outcome == RegexOutcome.BudgetExceeded);
        return outcome;
    }

    private static void Keep(MatchState state, ReadOnlySpan<Capture> groups)
    {
        for (var i = 0; i < groups.Length && state.GroupCount < MatchState.GroupsMax; i++)
        {
            var group = groups[i];
            state.Groups[state.GroupCount++] = group.Success ? new Slice(group.Start, group.Length) : new Slice(0, -1);
        }
    }

    private void FindMore(MatchState state, ReadOnlySpan<byte> value, Span<Capture> groups)
    {
        while (state.GroupCount < MatchState.GroupsMax)
        {
            var next = groups[0].Start + Math.Max(1, groups[0].Length);
            if (next > value.Length || Run(state, value, next, groups) != RegexOutcome.Match)
            {
                return;
            }

            Keep(state, groups);
        }
    }
}
