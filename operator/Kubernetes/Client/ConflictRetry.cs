namespace WafOperator.Kubernetes.Client;

/// <summary>
/// Repeats read-change-write when the object changed in between. The action must read anew each time. Up to five
/// attempts with a short jittered wait; then the conflict is the caller's.
/// </summary>
public sealed class ConflictRetry(TimeProvider time, Jitter jitter)
{
    private const int AttemptsMax = 5;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await action(cancellationToken);
            }
            catch (KubernetesApiException e) when (e.IsConflict && attempt < AttemptsMax)
            {
                await Task.Delay(jitter.BackOff(attempt, FirstWait, LongestWait), time, cancellationToken);
            }
        }
    }
}
