namespace WafOperator.Proxy.Tests.Harness;

/// <summary>Time that passes when a test says so. Timers are not supported.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private long _ticks = 1_000_000_000;

    /// <summary>Not the usual frequency, so that code which assumes one is found out.</summary>
    public override long TimestampFrequency => 7_000_000;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(_ticks / (double)TimestampFrequency);

    public void Advance(TimeSpan by) => _ticks += (long)(by.TotalSeconds * TimestampFrequency);
}
