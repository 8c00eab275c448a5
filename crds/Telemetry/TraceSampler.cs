namespace WafOperator.Telemetry;

/// <summary>
/// Decides what is traced. By chance of our own and never by the trace's id, which a caller chooses; a caller's flag
/// counts only where the settings say so; and never more than so many in a second. Thread-safe.
/// </summary>
/// <param name="settings">How much.</param>
/// <param name="time">Clock.</param>
/// <param name="chance">Numbers from 0 to below 1.</param>
internal sealed class TraceSampler(TraceSettings settings, TimeProvider time, Func<double> chance)
{
    private readonly Lock _lock = new();
    private long _second;
    private int _taken;

    /// <summary>Whether this one is traced.</summary>
    public bool Takes(bool isCallerSampled) =>
        (settings.FollowsCaller && isCallerSampled || chance() < settings.Ratio) && IsWithinBound();

    private bool IsWithinBound()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        lock (_lock)
        {
            if (second != _second) (_second, _taken) = (second, 0);
            return _taken++ < TraceSettings.PerSecondMax;
        }
    }
}
