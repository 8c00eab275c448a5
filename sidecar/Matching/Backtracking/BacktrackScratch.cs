namespace WafOperator.Matching;

/// <summary>What the machine may go back to, or must restore on its way back.</summary>
internal readonly record struct Frame(int Kind, int A, int B, int C)
{
    /// <summary>Go on at instruction A at position B.</summary>
    public const int Resume = 0;

    /// <summary>A greedy repeat that may give back: instruction A, least position B, present position C.</summary>
    public const int GiveBack = 1;

    /// <summary>A lazy repeat that may take more: instruction A, position B, bytes it may still take C.</summary>
    public const int TakeMore = 2;

    /// <summary>Register A held B.</summary>
    public const int Restore = 3;

    /// <summary>A lookbehind that may begin further back: instruction A, origin B, next distance C.</summary>
    public const int FurtherBack = 4;

    /// <summary>The reported start was A.</summary>
    public const int RestoreStart = 5;
}

/// <summary>Working memory of the machine, one for each thread, reused from run to run.</summary>
internal sealed class BacktrackScratch
{
    /// <summary>Frames that one run may stack, 16 bytes each; more counts as an exhausted budget.</summary>
    public const int FramesMax = 1 << 18;

    [ThreadStatic]
    private static BacktrackScratch? t_current;

    public Frame[] Frames { get; private set; } = new Frame[256];

    public int[] Registers { get; private set; } = new int[64];

    public static BacktrackScratch ForThread() => t_current ??= new();

    public void EnsureRegisters(int count)
    {
        if (Registers.Length < count) Registers = new int[count * 2];
    }

    /// <summary>Doubles the stack; false at its limit.</summary>
    public bool TryGrow()
    {
        if (Frames.Length >= FramesMax) return false;
        var larger = new Frame[Frames.Length * 2];
        Frames.CopyTo(larger, 0);
        Frames = larger;
        return true;
    }
}
