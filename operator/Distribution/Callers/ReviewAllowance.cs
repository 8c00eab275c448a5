using System.Net;

namespace WafOperator.Distribution.Callers;

/// <summary>
/// How many unknown tokens a peer may have reviewed: a burst, then a few a minute. A good token costs nothing, so that
/// many sidecars may come from one address. A table of fixed size by a salted hash of the address. Thread-safe.
/// </summary>
internal sealed class ReviewAllowance(TimeProvider time)
{
    /// <summary>Unknown tokens at once.</summary>
    public const int BurstMax = 30;

    private const int Rows = 1024;
    private static readonly TimeSpan RefillEvery = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly (double Left, long At)[] _rows = new (double, long)[Rows];

    /// <summary>Takes one; false when the peer has none left.</summary>
    public bool TryTake(IPAddress? peer)
    {
        ref var row = ref RowOf(peer);
        lock (_lock)
        {
            var now = time.GetTimestamp();
            // A row that was never used is full.
            var gained = row.At == 0 ? BurstMax : time.GetElapsedTime(row.At, now) / RefillEvery;
            var left = Math.Min(BurstMax, row.Left + gained);
            row = (left < 1 ? left : left - 1, now);
            return left >= 1;
        }
    }

    /// <summary>The token was good.</summary>
    public void Return(IPAddress? peer)
    {
        ref var row = ref RowOf(peer);
        lock (_lock) row.Left = Math.Min(BurstMax, row.Left + 1);
    }

    private ref (double Left, long At) RowOf(IPAddress? peer) =>
        ref _rows[(uint)HashCode.Combine(peer?.ToString()) % Rows];
}
