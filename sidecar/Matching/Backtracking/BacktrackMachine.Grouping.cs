namespace WafOperator.Matching;

/// <summary>Atomic groups and lookarounds: bodies whose choices are dropped once they have matched.</summary>
internal ref partial struct BacktrackMachine
{
    /// <summary>False where the path fails.</summary>
    private bool RunGrouping(in Instruction instruction, int at)
    {
        switch (instruction.Operation)
        {
            case Operation.Enter or Operation.EnterNegative:
                _registers[instruction.A] = _top;
                _registers[instruction.A + 1] = _position;
                return instruction.Operation == Operation.Enter || Push(new(Frame.Resume, instruction.B, _position, 0));
            case Operation.Commit:
                Forget(_registers[instruction.A]);
                return true;
            case Operation.CommitAndReturn:
                Forget(_registers[instruction.A]);
                _position = _registers[instruction.A + 1];
                return true;
            case Operation.CommitAndFail:
                Unwind(_registers[instruction.A]);
                return false;
            case Operation.StepBack:
                return StepBack(in instruction, at, _registers[instruction.A + 1], instruction.B);
            case Operation.CheckReturned:
                return _position == _registers[instruction.A + 1];
            default:
                return false;
        }
    }

    private bool StepBack(in Instruction instruction, int at, int origin, int distance)
    {
        if (distance > origin) return false;
        if (distance < instruction.C && !Push(new(Frame.FurtherBack, at, origin, distance + 1))) return false;
        _position = origin - distance;
        return true;
    }

    /// <summary>Drops the choices above a height of the stack; what must be restored on the way back stays.</summary>
    private void Forget(int height)
    {
        var kept = height;
        for (var index = height; index < _top; index++)
        {
            if (_frames[index].Kind is Frame.Restore or Frame.RestoreStart) _frames[kept++] = _frames[index];
        }

        _steps -= (_top - height) / BytesPerStep;
        _top = kept;
    }

    /// <summary>Drops everything above a height of the stack and restores what it held.</summary>
    private void Unwind(int height)
    {
        while (_top > height)
        {
            var frame = _frames[--_top];
            if (frame.Kind == Frame.Restore) _registers[frame.A] = frame.B;
            else if (frame.Kind == Frame.RestoreStart) _matchStart = frame.A;
        }
    }
}
