using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Listening;

/// <summary>
/// An endpoint within the process: whoever holds it sends the server bytes through memory, as the client that it names.
/// Thread-safe.
/// </summary>
public sealed class MemoryEndPoint(string name) : VirtualEndPoint
{
    private long _count;

    /// <summary>Sends bytes over a connection of its own; null once the server has stopped.</summary>
    /// <param name="peer">Who the server takes the client for.</param>
    /// <param name="bytes">All that the client sends; copied.</param>
    /// <param name="setUp">Puts features on the connection before the server sees it.</param>
    public MemoryExchange? Send(IPEndPoint peer, ReadOnlySpan<byte> bytes, Action<IFeatureCollection> setUp)
    {
        var exchange = new MemoryExchange($"{name}-{Interlocked.Increment(ref _count)}", peer, bytes);
        setUp(exchange.Connection.Features);
        return TryHandOver(exchange.Connection) ? exchange : null;
    }

    public override string ToString() => $"{name} (in memory)";
}
