namespace WafOperator.Kubernetes.Client;

/// <summary>
/// Repeats read-change-write when the object changed in between. The action must read anew each time. Up to five
/// attempts with a short jittered wait; then the conflict is the caller's.
/// </summary>
public sealed class ConflictRetry(TimeProvider time, Random random)
{
    private const int AttemptsMax = 5;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);

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
                double jitter;
                lock (random) jitter = 1 + random.NextDouble();
                await Task.Delay(FirstWait * Math.Pow(2, attempt - 1) * jitter, time, cancellationToken);
            }
        }
    }
}
