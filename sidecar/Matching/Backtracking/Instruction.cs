namespace WafOperator.Matching;

/// <summary>What one step of the backtracking machine does.</summary>
internal enum Operation : byte
{
    /// <summary>Consume the byte A.</summary>
    Byte,

    /// <summary>Consume a byte of set A.</summary>
    Set,

    /// <summary>Consume B to C bytes of set A, as many as possible first.</summary>
    RepeatGreedy,

    /// <summary>Consume B to C bytes of set A, as few as possible first.</summary>
    RepeatLazy,

    /// <summary>Consume B to C bytes of set A, as many as possible, for good.</summary>
    RepeatPossessive,

    /// <summary>Go on at A; if that fails, at B.</summary>
    Split,

    /// <summary>Go on at the instruction that table A names for the next byte; fail where it names none.</summary>
    Dispatch,

    /// <summary>Go on at A.</summary>
    Jump,

    /// <summary>Note the position in register A.</summary>
    Mark,

    /// <summary>Go on at B if nothing was consumed since register A was noted.</summary>
    ExitIfEmpty,

    /// <summary>Set capture slots A and A + 1 to the position noted in register B and the current one.</summary>
    Close,

    /// <summary>Go on if the assertion A holds.</summary>
    Assert,

    /// <summary>Consume what group A captured; B is 1 where case is ignored.</summary>
    BackReference,

    /// <summary>
    /// Begin a body whose choices become final: registers A and A + 1 note the stack and the position.
    /// </summary>
    Enter,

    /// <summary>End of an atomic body: forget its choices.</summary>
    Commit,

    /// <summary>End of a positive lookaround: forget its choices and return to where it began.</summary>
    CommitAndReturn,

    /// <summary>Begin a negative lookaround: as <see cref="Enter"/>, and if the body fails go on at B.</summary>
    EnterNegative,

    /// <summary>The body of a negative lookaround matched: forget its choices and fail.</summary>
    CommitAndFail,

    /// <summary>Step back B bytes, then up to C bytes, from where lookbehind A began.</summary>
    StepBack,

    /// <summary>Fail unless the position is where lookbehind A began.</summary>
    CheckReturned,

    /// <summary>`\K`.</summary>
    ResetStart,

    /// <summary>The pattern has matched.</summary>
    Accept,

    /// <summary>Never matches.</summary>
    Fail,
}

/// <summary>One instruction; what the operands mean is said at each <see cref="Operation"/>.</summary>
internal readonly record struct Instruction(Operation Operation, int A = 0, int B = 0, int C = 0);

/// <summary>A pattern compiled for the backtracking machine. Immutable.</summary>
/// <param name="Code">Instructions; the first one is the entry.</param>
/// <param name="Sets">Four words for each set.</param>
/// <param name="Tables">For each dispatch: 256 targets by next byte, then one for the end of the input; -1 where
/// none.</param>
/// <param name="GroupCount">Groups, with group 0.</param>
/// <param name="RegisterCount">Registers, with two for each group first.</param>
/// <param name="NeedsCaptures">Whether the pattern refers back to its groups.</param>
internal sealed record BacktrackCode(
    Instruction[] Code, ulong[] Sets, int[][] Tables, int GroupCount, int RegisterCount, bool NeedsCaptures);
