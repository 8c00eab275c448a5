using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// What one request asks Redis about its limits: all at once, answered within one budget. Not thread-safe.
/// </summary>
internal sealed class SharedQuestions
{
    private readonly List<Question> _questions = [];

    public void Add(LimitState limit, SharedLimit shared, in CountedKey key, int cost, Task<long> answer) =>
        _questions.Add(new Question(limit, shared, key, cost, answer));

    /// <summary>Waits, for as long as a request may; false when not all answers are there.</summary>
    public async Task<bool> WaitAsync(SharedCounting counting)
    {
        var all = Task.WhenAll(_questions.Select(question => question.Answer));
        try
        {
            await all.WaitAsync(counting.WaitMax);
            counting.Link.Answered();
            counting.CountShared();
            return true;
        }
        catch (Exception failure) when (RedisLink.IsOutage(failure))
        {
            counting.Link.Missed();
            counting.CountLate();
            // Those that come too late must not end as failures that nobody looked at.
            _ = all.ContinueWith(
                static late => late.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            return false;
        }
    }

    /// <summary>Longest wait of a limit, microseconds; null when one of its answers is missing.</summary>
    public long? WaitOf(LimitState limit)
    {
        long longest = 0;
        foreach (var question in _questions)
        {
            if (question.Limit != limit) continue;
            if (!question.Answer.IsCompletedSuccessfully) return null;
            longest = Math.Max(longest, question.Answer.Result);
        }

        return longest;
    }

    /// <summary>
    /// The replica let a request pass by itself: what Redis has not counted, then or later, is owed to it. What it
    /// counts after its time is no debt.
    /// </summary>
    public void Owe(LimitState limit)
    {
        foreach (var question in _questions)
        {
            if (question.Limit != limit || question.Cost <= 0) continue;
            _ = question.Answer.ContinueWith(
                static (answer, state) =>
                {
                    var question = (Question)state!;
                    if (answer is { IsCompletedSuccessfully: true, Result: 0 }) return;
                    question.Shared.ChargeLater(question.Key, question.Cost);
                },
                question, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private sealed record Question(LimitState Limit, SharedLimit Shared, CountedKey Key, int Cost, Task<long> Answer);
}
