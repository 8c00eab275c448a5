using WafOperator.Models.Server.Telemetry;

namespace WafOperator.Models.Server.Tests.Telemetry;

public sealed class QueueDelayWindowTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void P95_OfManyDelays_IsWithinAQuarterAbove()
    {
        var window = new QueueDelayWindow(_time);
        for (var i = 1; i <= 1000; i++) window.Record(TimeSpan.FromMilliseconds(i / 100.0));

        Assert.InRange(window.P95().TotalMilliseconds, 9.5, 9.5 * 1.25);
    }

    [Fact]
    public void P95_ForgetsAfterTwoTurns_AndNotBefore()
    {
        var window = new QueueDelayWindow(_time);
        window.Record(TimeSpan.FromMilliseconds(100));

        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.True(window.P95() > TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(16));

        Assert.Equal(TimeSpan.Zero, window.P95());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-9)]
    [InlineData(1e6)]
    public void Record_AnyDelay_IsKept(double seconds)
    {
        var window = new QueueDelayWindow(_time);

        window.Record(TimeSpan.FromSeconds(seconds));

        Assert.True(window.P95() > TimeSpan.Zero);
    }
}
