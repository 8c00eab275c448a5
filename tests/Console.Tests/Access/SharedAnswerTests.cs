using WafOperator.Console.Access;

namespace WafOperator.Console.Tests.Access;

public sealed class SharedAnswerTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public async Task ManyWhoAsk_AreOneQuestion_UntilTheAnswerIsOld()
    {
        var shared = new SharedAnswer<int>(TimeSpan.FromSeconds(2), _clock);
        var (asked, answer) = (0, new TaskCompletionSource<int>());
        Task<int> Ask()
        {
            asked++;
            return answer.Task;
        }

        using var gone = new CancellationTokenSource();
        var first = shared.GetAsync(Ask, gone.Token);
        var others = Enumerable.Range(0, 50).Select(_ => shared.GetAsync(Ask, default)).ToList();
        // Whoever asked first goes away: the others get their answer all the same.
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answer.SetResult(7);
        Assert.All(await Task.WhenAll(others), value => Assert.Equal(7, value));
        Assert.Equal(1, asked);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await shared.GetAsync(Ask, default);
        Assert.Equal(1, asked);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await shared.GetAsync(Ask, default);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task WhatFailed_IsAskedAgain()
    {
        var shared = new SharedAnswer<int>(TimeSpan.FromHours(1), _clock);
        await Assert.ThrowsAsync<IOException>(() => shared.GetAsync(() => throw new IOException(), default));
        await Assert.ThrowsAsync<IOException>(() => shared.GetAsync(
            () => Task.FromException<int>(new IOException()), default));
        Assert.Equal(3, await shared.GetAsync(() => Task.FromResult(3), default));
        Assert.Equal(3, await shared.GetAsync(() => Task.FromResult(4), default));
    }
}
