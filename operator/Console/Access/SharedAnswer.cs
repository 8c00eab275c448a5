namespace WafOperator.Console.Access;

/// <summary>
/// One answer for all who ask within a short time: however many ask at once, one question is asked. What failed is
/// asked again. Thread-safe.
/// </summary>
/// <param name="keepFor">How long an answer counts, from when it was asked for.</param>
/// <param name="time">Clock.</param>
internal sealed class SharedAnswer<T>(TimeSpan keepFor, TimeProvider time)
{
    private readonly Lock _asking = new();
    private Task<T>? _answer;
    private long _askedAt;

    /// <summary>The answer.</summary>
    /// <param name="ask">Asks; whoever asks first may go away, so that it does not end with their call.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<T> GetAsync(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        Task<T> answer;
        lock (_asking)
        {
            if (_answer is null || _answer.IsCompleted
                && (!_answer.IsCompletedSuccessfully || time.GetElapsedTime(_askedAt) >= keepFor))
            {
                _askedAt = time.GetTimestamp();
                _answer = ask();
            }

            answer = _answer;
        }

        return answer.WaitAsync(cancellationToken);
    }
}
