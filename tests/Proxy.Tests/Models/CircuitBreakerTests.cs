using WafOperator.Proxy.Models.Pool;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

public sealed class CircuitBreakerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CircuitBreaker _breaker;

    public CircuitBreakerTests() => _breaker = new CircuitBreaker(_time);

    [Fact]
    public void FailuresInARow_OpenIt_AndOneFewerDoesNot()
    {
        for (var i = 1; i < CircuitBreaker.FailuresInARowMax; i++) Fail();
        Assert.Equal(CircuitState.Closed, _breaker.State);

        Fail();

        Assert.Equal(CircuitState.Open, _breaker.State);
        Assert.False(_breaker.TryEnter());
    }

    [Fact]
    public void ManyFailuresAmongTheLastCalls_OpenIt_EvenWithSuccessesBetween()
    {
        for (var i = 0; i < CircuitBreaker.FailuresInWindowMax && _breaker.State is CircuitState.Closed; i++)
        {
            Fail();
            if (_breaker.State is CircuitState.Closed) Succeed();
        }

        Assert.Equal(CircuitState.Open, _breaker.State);
    }

    [Fact]
    public void FewFailuresAmongManyCalls_LeaveItClosed()
    {
        for (var i = 0; i < 1_000; i++)
        {
            if (i % 5 == 0) Fail();
            else Succeed();
        }

        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void AfterThePause_OneCallTries_AndASuccessClosesIt()
    {
        Open();
        _time.Advance(CircuitBreaker.PauseMin);

        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        Assert.True(_breaker.TryEnter());
        Assert.False(_breaker.TryEnter());
        _breaker.Succeeded();

        Assert.Equal(CircuitState.Closed, _breaker.State);
        Assert.True(_breaker.TryEnter());
    }

    [Fact]
    public void AFailedTry_DoublesThePause_UpToItsBound()
    {
        Open();
        var pause = CircuitBreaker.PauseMin;
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(pause - TimeSpan.FromMilliseconds(1));
            Assert.False(_breaker.TryEnter());
            _time.Advance(TimeSpan.FromMilliseconds(1.1));
            Assert.True(_breaker.TryEnter());
            _breaker.Failed();
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, CircuitBreaker.PauseMax.Ticks));
        }

        Assert.Equal(CircuitBreaker.PauseMax, pause);
    }

    [Fact]
    public void ATryThatSaysNothing_LetsAnotherTry()
    {
        Open();
        _time.Advance(CircuitBreaker.PauseMin);
        Assert.True(_breaker.TryEnter());

        _breaker.Abandoned();

        Assert.True(_breaker.TryEnter());
    }

    [Fact]
    public void CallsThatWereUnderWayWhenItOpened_DoNotProlongThePause()
    {
        Open();
        for (var i = 0; i < 50; i++) _breaker.Failed();
        _time.Advance(CircuitBreaker.PauseMin);

        Assert.True(_breaker.TryEnter());
    }

    private void Open()
    {
        for (var i = 0; i < CircuitBreaker.FailuresInARowMax; i++) Fail();
    }

    private void Fail()
    {
        Assert.True(_breaker.TryEnter());
        _breaker.Failed();
    }

    private void Succeed()
    {
        Assert.True(_breaker.TryEnter());
        _breaker.Succeeded();
    }
}
