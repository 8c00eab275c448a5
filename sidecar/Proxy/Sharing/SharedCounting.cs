using WafOperator.Behaviour.Keys;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sharing;

/// <summary>What the replicas of one policy count together: the server, what it is owed, and the hashes of keys.
/// Thread-safe.</summary>
internal sealed class SharedCounting : IDisposable
{
    /// <summary>How long a request waits for the answer; then the replica decides by itself.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(2);

    private long _shared;
    private long _late;
    private long _away;

    /// <param name="policy">The server.</param>
    /// <param name="scope">Namespace and name of the policy.</param>
    /// <param name="time">Clock of the link.</param>
    public SharedCounting(RedisPolicy policy, string scope, TimeProvider time)
    {
        Scope = scope;
        Link = new RedisLink(policy, time);
        Debts = new SharedDebts(Link);
        Hashes = KeyHashes.Of(Convert.FromBase64String(policy.HashKey));
    }

    public string Scope { get; }
    public RedisLink Link { get; }
    public SharedDebts Debts { get; }
    public KeyHashes Hashes { get; }

    /// <summary>How long requests wait; tests on busy machines give more.</summary>
    public TimeSpan WaitMax { get; init; } = Budget;

    /// <summary>Requests that Redis decided, those it missed the time of, and those that did not ask.</summary>
    public (long Shared, long Late, long Away) Counts =>
        (Interlocked.Read(ref _shared), Interlocked.Read(ref _late), Interlocked.Read(ref _away));

    public void CountShared() => Interlocked.Increment(ref _shared);

    public void CountLate() => Interlocked.Increment(ref _late);

    public void CountAway() => Interlocked.Increment(ref _away);

    public void Dispose() => Link.Dispose();
}
