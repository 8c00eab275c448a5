using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace WafOperator.Listening;

/// <summary>An endpoint without a socket: this process hands it connections. Thread-safe.</summary>
public abstract class VirtualEndPoint : EndPoint
{
    private readonly Channel<ConnectionContext> _handedOver = Channel.CreateUnbounded<ConnectionContext>();

    public ChannelReader<ConnectionContext> Accepted => _handedOver.Reader;

    public void Close() => _handedOver.Writer.TryComplete();

    /// <summary>False once the endpoint is closed.</summary>
    protected bool TryHandOver(ConnectionContext connection) => _handedOver.Writer.TryWrite(connection);
}
