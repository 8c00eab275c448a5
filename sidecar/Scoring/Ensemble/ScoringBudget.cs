using System.Diagnostics;

namespace WafOperator.Scoring.Ensemble;

/// <summary>
/// A policy's <c>latencyBudget</c> as work: a busy machine, a pause of the collector or a client that chooses the
/// moment
/// must not change what is looked at. One unit is the gate's work on one byte. The clock is only the net below.
/// </summary>
internal static class ScoringBudget
{
    /// <summary>Units that an idle core does in a millisecond.</summary>
    public const long UnitsPerMillisecond = 48 * 1024;

    /// <summary>Units that every value costs, whatever its length.</summary>
    public const long UnitsPerValue = 64;

    /// <summary>Units that a network takes for one byte of a window.</summary>
    public const long UnitsPerNetworkByte = 10;

    /// <summary>Units that cutting a byte into subwords takes.</summary>
    public const long UnitsPerTokenisedByte = 2;

    /// <summary>Units that a network of whole requests takes for one token of a row: 8 microseconds of a core.</summary>
    public const long UnitsPerToken = 400;

    /// <summary>Bytes of a value per unit for each further place that a gate looks for in it.</summary>
    public const long BytesPerUnitOfPlaces = 8;

    /// <summary>How much longer than its budget a request's scoring may take by the clock.</summary>
    private const int ClockFactor = 10;

    private static readonly TimeSpan ClockMin = TimeSpan.FromMilliseconds(100);

    /// <summary>Work within a budget of time.</summary>
    public static long WorkOf(TimeSpan budget) =>
        (long)Math.Min(budget.TotalMilliseconds * UnitsPerMillisecond, long.MaxValue / 2);

    /// <summary>Stopwatch time after which scoring stops, however little it did.</summary>
    public static long DeadlineOf(TimeSpan budget)
    {
        var longest = budget * ClockFactor;
        if (longest < ClockMin) longest = ClockMin;
        return Stopwatch.GetTimestamp() + (long)(longest.TotalSeconds * Stopwatch.Frequency);
    }
}
