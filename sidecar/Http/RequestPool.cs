using System.Collections.Concurrent;

namespace WafOperator.Http;

/// <summary>Keeps requests of one set of limits for reuse. Thread-safe; a policy change makes a new pool.</summary>
/// <param name="limits">Bounds for each request.</param>
/// <param name="retainedMax">Most requests kept idle.</param>
public sealed class RequestPool(HttpLimits limits, int retainedMax = 256)
{
    private readonly ConcurrentQueue<CanonicalRequest> _idle = new();
    private int _count;

    /// <summary>An empty request.</summary>
    public CanonicalRequest Rent()
    {
        if (!_idle.TryDequeue(out var request)) return new CanonicalRequest(limits);
        Interlocked.Decrement(ref _count);
        return request;
    }

    /// <summary>Takes a request back. It must not be used afterwards.</summary>
    public void Return(CanonicalRequest request)
    {
        request.Reset();
        if (!ReferenceEquals(request.Limits, limits)) return;
        if (Interlocked.Increment(ref _count) <= retainedMax) _idle.Enqueue(request);
        else Interlocked.Decrement(ref _count);
    }
}
