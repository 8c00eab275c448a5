// A backtracking matcher with PCRE's order of preference (leftmost, then as the operators prefer), for what an
// automaton cannot tell: captures, back references, lookarounds, atomic groups. Recursion is replaced by a stack of
// frames, and each instruction, frame and scanned byte is paid from a budget, so that a run ends whatever the pattern
// and the input are.
using System.Buffers;
using System.Runtime.CompilerServices;

namespace WafOperator.Matching;

/// <summary>One run of compiled code over one input. Lives on the stack; its memory is the thread's scratch.</summary>
internal ref partial struct BacktrackMachine
{
    /// <summary>Bytes that a repeat scans for one step.</summary>
    private const int BytesPerStep = 4;

    private readonly BacktrackCode _code;
    private readonly ReadOnlySpan<byte> _input;
    private readonly int _searchStart;
    private readonly bool _captures;
    private readonly BacktrackScratch _scratch;
    private readonly int[] _registers;
    private Frame[] _frames;
    private int _top;
    private int _position;
    private int _matchStart;
    private long _steps;

    public BacktrackMachine(BacktrackCode code, ReadOnlySpan<byte> input, int searchStart, bool captures, long steps)
    {
        _code = code;
        _input = input;
        _searchStart = searchStart;
        _captures = captures || code.NeedsCaptures;
        _scratch = BacktrackScratch.ForThread();
        _scratch.EnsureRegisters(code.RegisterCount);
        _registers = _scratch.Registers;
        _frames = _scratch.Frames;
        _steps = steps;
    }

    /// <summary>What is left of the budget.</summary>
    public readonly long Steps => _steps;

    /// <summary>Finds the leftmost match at or after the search start.</summary>
    /// <param name="starts">Bytes a match begins with; null where it can begin anywhere.</param>
    /// <param name="anchored">Whether a match can begin at the search start only.</param>
    public RegexOutcome Search(SearchValues<byte>? starts, bool anchored)
    {
        for (var start = _searchStart; start <= _input.Length; start++)
        {
            if (starts is not null && !anchored)
            {
                var skipped = _input[start..].IndexOfAny(starts);
                if (skipped < 0) return RegexOutcome.NoMatch;
                start += skipped;
                _steps -= skipped / (4 * BytesPerStep);
            }

            var outcome = RunAt(start);
            if (outcome != RegexOutcome.NoMatch || anchored) return outcome;
        }

        return RegexOutcome.NoMatch;
    }

    /// <summary>Copies the captures of a match; groups that took no part get <see cref="Capture.None"/>.</summary>
    public readonly void CopyCaptures(Span<Capture> groups)
    {
        if (groups.IsEmpty) return;
        groups[0] = new(Math.Min(_matchStart, _position), Math.Max(0, _position - _matchStart));
        for (var group = 1; group < groups.Length; group++)
        {
            var start = group < _code.GroupCount ? _registers[2 * group] : -1;
            groups[group] = start < 0 ? Capture.None : new(start, _registers[(2 * group) + 1] - start);
        }
    }

    private RegexOutcome RunAt(int start)
    {
        _registers.AsSpan(0, _code.RegisterCount).Fill(-1);
        _top = 0;
        _position = start;
        _matchStart = start;
        return Run();
    }

    private RegexOutcome Run()
    {
        var code = _code.Code;
        var at = 0;
        while (true)
        {
            if (--_steps < 0) return RegexOutcome.BudgetExceeded;
            ref readonly var instruction = ref code[at];
            bool goesOn;
            switch (instruction.Operation)
            {
                case Operation.Byte:
                    goesOn = (uint)_position < (uint)_input.Length && _input[_position] == instruction.A;
                    if (goesOn) _position++;
                    at++;
                    break;
                case Operation.Set:
                    goesOn = (uint)_position < (uint)_input.Length && Contains(instruction.A, _input[_position]);
                    if (goesOn) _position++;
                    at++;
                    break;
                case Operation.Split:
                    goesOn = Push(new(Frame.Resume, instruction.B, _position, 0));
                    at = instruction.A;
                    break;
                case Operation.Jump:
                    goesOn = true;
                    at = instruction.A;
                    break;
                case Operation.Dispatch:
                    at = _code.Tables[instruction.A][_position < _input.Length ? _input[_position] : 256];
                    goesOn = at >= 0;
                    break;
                case Operation.Accept:
                    return RegexOutcome.Match;
                default:
                    goesOn = RunOther(in instruction, ref at);
                    break;
            }

            if (goesOn) continue;
            if (_steps < 0) return RegexOutcome.BudgetExceeded;
            if (!Backtrack(ref at)) return RegexOutcome.NoMatch;
        }
    }

    /// <summary>The less frequent instructions; false where the path fails.</summary>
    private bool RunOther(in Instruction instruction, ref int at)
    {
        var next = at + 1;
        var goesOn = true;
        switch (instruction.Operation)
        {
            case Operation.RepeatGreedy:
                goesOn = TakeGreedily(in instruction, at);
                break;
            case Operation.RepeatLazy:
                goesOn = TakeLazily(in instruction, at);
                break;
            case Operation.RepeatPossessive:
                goesOn = TryTake(in instruction, instruction.C, out _);
                break;
            case Operation.Mark:
                goesOn = SetRegister(instruction.A, _position);
                break;
            case Operation.ExitIfEmpty:
                if (_registers[instruction.A] == _position) next = instruction.B;
                break;
            case Operation.Close:
                goesOn = !_captures || Close(in instruction);
                break;
            case Operation.Assert:
                goesOn = Positions.Holds((SecLang.Regex.AssertionKind)instruction.A, _input, _position, _searchStart);
                break;
            case Operation.BackReference:
                goesOn = MatchReference(in instruction);
                break;
            case Operation.ResetStart:
                goesOn = Push(new(Frame.RestoreStart, _matchStart, 0, 0));
                _matchStart = _position;
                break;
            default:
                goesOn = RunGrouping(in instruction, at);
                break;
        }

        at = next;
        return goesOn;
    }

    /// <summary>Goes back to the latest choice; false where there is none left.</summary>
    private bool Backtrack(ref int at)
    {
        while (_top > 0)
        {
            _steps--;
            var frame = _frames[--_top];
            switch (frame.Kind)
            {
                case Frame.Resume:
                    (at, _position) = (frame.A, frame.B);
                    return true;
                case Frame.GiveBack:
                    if (!GiveBack(frame)) continue;
                    at = frame.A + 1;
                    return true;
                case Frame.TakeMore:
                    if (frame.B >= _input.Length || !Contains(_code.Code[frame.A].A, _input[frame.B])) continue;
                    _position = frame.B + 1;
                    if (frame.C > 1) Push(frame with { B = _position, C = frame.C - 1 });
                    at = frame.A + 1;
                    return true;
                case Frame.FurtherBack:
                    if (!StepBack(in _code.Code[frame.A], frame.A, frame.B, frame.C)) continue;
                    at = frame.A + 1;
                    return true;
                case Frame.Restore:
                    _registers[frame.A] = frame.B;
                    break;
                default:
                    _matchStart = frame.A;
                    break;
            }
        }

        return false;
    }

    private bool TakeGreedily(in Instruction instruction, int at)
    {
        if (!TryTake(in instruction, instruction.C, out var least)) return false;
        return _position == least || Push(new(Frame.GiveBack, at, least, _position));
    }

    private bool GiveBack(Frame frame)
    {
        var position = frame.C - 1;
        // Where the repeat is followed by a fixed byte, only a position before such a byte is worth trying.
        var next = _code.Code[frame.A + 1];
        if (next.Operation == Operation.Byte)
        {
            var window = _input[frame.B..Math.Min(frame.C, _input.Length)];
            var found = window.LastIndexOf((byte)next.A);
            _steps -= (window.Length - found) / (4 * BytesPerStep);
            if (found < 0) return false;
            position = frame.B + found;
        }

        _position = position;
        return position == frame.B || Push(frame with { C = position });
    }

    private bool TakeLazily(in Instruction instruction, int at)
    {
        if (!TryTake(in instruction, instruction.B, out _)) return false;
        var more = instruction.C == int.MaxValue ? int.MaxValue : instruction.C - instruction.B;
        return more == 0 || Push(new(Frame.TakeMore, at, _position, more));
    }

    /// <summary>
    /// Consumes up to <paramref name="max"/> bytes of the set; false where the least count is not there.
    /// </summary>
    private bool TryTake(in Instruction instruction, int max, out int least)
    {
        var start = _position;
        least = (int)Math.Min((long)start + instruction.B, int.MaxValue);
        var end = (int)Math.Min((long)start + max, _input.Length);
        var sets = _code.Sets.AsSpan(4 * instruction.A, 4);
        var position = start;
        while (position < end && (sets[_input[position] >> 6] >> (_input[position] & 63) & 1) != 0) position++;
        _position = position;
        _steps -= (position - start) / BytesPerStep;
        return position >= least;
    }

    private bool Close(in Instruction instruction) =>
        SetRegister(instruction.A, _registers[instruction.B]) && SetRegister(instruction.A + 1, _position);

    private bool SetRegister(int register, int value)
    {
        if (!Push(new(Frame.Restore, register, _registers[register], 0))) return false;
        _registers[register] = value;
        return true;
    }

    private bool MatchReference(in Instruction instruction)
    {
        var start = _registers[2 * instruction.A];
        if (start < 0) return false;
        var captured = _input[start.._registers[(2 * instruction.A) + 1]];
        _steps -= captured.Length / BytesPerStep;
        if (captured.Length > _input.Length - _position) return false;
        var here = _input.Slice(_position, captured.Length);
        if (!captured.SequenceEqual(here) && !(instruction.B != 0 && EqualsFolded(captured, here))) return false;
        _position += captured.Length;
        return true;
    }

    private static bool EqualsFolded(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (var index = 0; index < left.Length; index++)
        {
            if (AsciiCase.ToLower(left[index]) != AsciiCase.ToLower(right[index])) return false;
        }

        return true;
    }

    private bool Push(Frame frame)
    {
        if (_top == _frames.Length && !Grow()) return false;
        _frames[_top++] = frame;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Grow()
    {
        if (!_scratch.TryGrow())
        {
            _steps = -1;
            return false;
        }

        _frames = _scratch.Frames;
        return true;
    }

    private readonly bool Contains(int set, byte value) =>
        (_code.Sets[(4 * set) + (value >> 6)] >> (value & 63) & 1) != 0;
}
