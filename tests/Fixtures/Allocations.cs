namespace WafOperator.Fixtures;

/// <summary>Bytes that a piece of work allocates on the managed heap.</summary>
public static class Allocations
{
    private const int RoundsMax = 20;

    /// <summary>
    /// The least of several rounds: the runtime itself may allocate on this thread while it swaps in optimised code,
    /// and what it has not optimised yet may.
    /// </summary>
    public static long LeastOf(Action work)
    {
        var least = long.MaxValue;
        for (var round = 0; round < RoundsMax && least > 0; round++)
        {
            if (round > 0) Thread.Sleep(20);
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
