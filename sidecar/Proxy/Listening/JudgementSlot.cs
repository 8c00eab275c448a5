using WafOperator.Protocols.Events;

namespace WafOperator.Proxy.Listening;

/// <summary>
/// On a connection whose requests are judged and go nowhere: what was decided. Several requests may come over one
/// connection; the first decision counts, the others are counted. Thread-safe.
/// </summary>
internal sealed class JudgementSlot
{
    private readonly TaskCompletionSource<SecurityEvent> _first =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    /// <summary>The first decision, once there is one.</summary>
    public Task<SecurityEvent> First => _first.Task;

    /// <summary>Decisions until now.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(SecurityEvent decision)
    {
        Interlocked.Increment(ref _count);
        _first.TrySetResult(decision);
    }
}
