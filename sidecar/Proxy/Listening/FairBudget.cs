using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Listening;

/// <summary>
/// An amount that all clients share: bytes held, requests at once. What is left decides how much one client may have
/// (at most four times that, so four fifths of everything when it is alone), so that nobody can use it up and a newcomer
/// always finds room. Clients are counted in a fixed table by a salted hash of their address, IPv6 by the /64 network
/// that a client gets to itself; two that share a row share their part. Thread-safe.
/// </summary>
internal sealed class FairBudget(long max)
{
    /// <summary>What one client may have for each unit that is still free.</summary>
    private const int PerFreeUnit = 4;

    private readonly ClientCounts _clients = new();
    private long _taken;

    /// <summary>Units taken now, by all clients.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Little is left: an eighth.</summary>
    public bool IsShort => Taken > max - (max / 8);

    /// <summary>True when a client with <paramref name="mine"/> of <paramref name="taken"/> units may keep them. Pure.</summary>
    public static bool Allows(long mine, long taken, long max) =>
        taken <= max && mine <= PerFreeUnit * Math.Min(max - taken, long.MaxValue / PerFreeUnit);

    /// <summary>False, and nothing is taken, when that would be over the bound or over the client's share.</summary>
    public bool TryTake(int client, long units)
    {
        var taken = Interlocked.Add(ref _taken, units);
        if (Allows(_clients.Add(client, units), taken, max)) return true;
        Return(client, units);
        return false;
    }

    public void Return(int client, long units)
    {
        _clients.Add(client, -units);
        Interlocked.Add(ref _taken, -units);
    }
}

/// <summary>Counters by client in a table of fixed size. Thread-safe.</summary>
internal sealed class ClientCounts
{
    private const int Rows = 4096;

    private readonly long[] _counts = new long[Rows];

    /// <summary>The row of a client: nobody outside can tell which addresses share one.</summary>
    public static int RowOf(Address client) =>
        (int)((uint)HashCode.Combine(client.IsV6 ? client.Network(64).Bits : client.Bits) % Rows);

    public long this[int row] => Interlocked.Read(ref _counts[row]);

    /// <summary>The new count.</summary>
    public long Add(int row, long units) => Interlocked.Add(ref _counts[row], units);
}
