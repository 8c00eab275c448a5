namespace WafOperator.Proxy.Bodies;

/// <summary>
/// Bytes that all requests together may hold. A client that opens many slow uploads meets this bound instead of the
/// container's memory limit. Thread-safe.
/// </summary>
internal sealed class BodyBudget(long bytesMax)
{
    private long _held;

    /// <summary>Bytes held now.</summary>
    public long Held => Interlocked.Read(ref _held);

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= bytesMax) return true;
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _held, -bytes);
}
