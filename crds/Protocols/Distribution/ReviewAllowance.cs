using System.Net;
using System.Net.Sockets;

namespace WafOperator.Protocols.Distribution;

/// <summary>
/// How many questions somebody may have asked of the API server: a burst, then some a second. What turns out to be good
/// can be given back, so that many may come from one address. A table of fixed size by a salted hash of who asks:
/// some share a row, and nobody grows it. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="burstMax">Questions at once.</param>
/// <param name="refillEvery">Time until there is one more.</param>
public sealed class ReviewAllowance(TimeProvider time, int burstMax, TimeSpan refillEvery)
{
    private const int Rows = 1024;

    private readonly Lock _lock = new();
    private readonly (double Left, long At)[] _rows = new (double, long)[Rows];

    /// <summary>An allowance for unknown tokens: thirty at once, then twenty a minute.</summary>
    public static ReviewAllowance OfTokens(TimeProvider time) => new(time, 30, TimeSpan.FromSeconds(3));

    /// <summary>What an address is counted as: of IPv6 the network, as a client has a whole one.</summary>
    public static string KeyOf(IPAddress? peer)
    {
        if (peer is null) return "";
        if (peer.IsIPv4MappedToIPv6) peer = peer.MapToIPv4();
        return peer.AddressFamily is AddressFamily.InterNetworkV6
            ? Convert.ToHexString(peer.GetAddressBytes().AsSpan(0, 8)) : peer.ToString();
    }

    /// <summary>Takes one; false when there is none left.</summary>
    public bool TryTake(string key)
    {
        ref var row = ref RowOf(key);
        lock (_lock)
        {
            var now = time.GetTimestamp();
            // A row that was never used is full.
            var gained = row.At == 0 ? burstMax : time.GetElapsedTime(row.At, now) / refillEvery;
            var left = Math.Min(burstMax, row.Left + gained);
            row = (left < 1 ? left : left - 1, now);
            return left >= 1;
        }
    }

    /// <summary>It was good, and counts for nothing.</summary>
    public void Return(string key)
    {
        ref var row = ref RowOf(key);
        lock (_lock) row.Left = Math.Min(burstMax, row.Left + 1);
    }

    private ref (double Left, long At) RowOf(string key) => ref _rows[(uint)HashCode.Combine(key) % Rows];
}
