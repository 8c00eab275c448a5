using System.Diagnostics;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>Waits for what a cluster does in its own time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks until the answer is true; returns how long that took.</summary>
    public static async Task<TimeSpan> TrueAsync(TimeSpan limit, string what, Func<Task<bool>> ask)
    {
        var watch = Stopwatch.StartNew();
        Exception? last = null;
        while (watch.Elapsed < limit)
        {
            try
            {
                if (await ask()) return watch.Elapsed;
                last = null;
            }
            catch (Exception problem) when (problem is not OutOfMemoryException)
            {
                last = problem;
            }
            await Task.Delay(Pause);
        }
        Assert.Fail($"within {limit.TotalSeconds} s: {what}" + (last is null ? "" : $" (last problem: {last.Message})"));
        return limit;
    }
}
