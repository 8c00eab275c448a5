using System.Net.Security;
using System.Net.Sockets;

namespace WafOperator.Console.Outgoing;

/// <summary>A connection to a server that takes lines: syslog over TCP, or over TLS by a checked name.</summary>
internal sealed class LineConnection : IAsyncDisposable
{
    private static readonly TimeSpan SendWithin = TimeSpan.FromSeconds(30);

    /// <summary>How long the server's end of the connection is waited for when everything was sent.</summary>
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);

    private readonly Socket _socket;
    private readonly Stream _stream;

    /// <param name="socket">Connected.</param>
    /// <param name="stream">Owns the socket.</param>
    public LineConnection(Socket socket, Stream stream) => (_socket, _stream) = (socket, stream);

    /// <summary>
    /// Sends the last that this connection is for, and waits until the server has read it as far as that can be
    /// known: until it closes its end. Closing with something unread, such as the tickets that a server of TLS 1.3
    /// sends, would reset the connection and lose what is still under way.
    /// </summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(SendWithin);
        await _stream.WriteAsync(bytes, patience.Token);
        await _stream.FlushAsync(patience.Token);
        if (_stream is SslStream secure) await secure.ShutdownAsync().WaitAsync(patience.Token);
        _socket.Shutdown(SocketShutdown.Send);
        await ReadToEndAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(EndWithin);
        var buffer = new byte[4096];
        try
        {
            while (await _stream.ReadAsync(buffer, patience.Token) > 0)
            {
                // A server of lines has nothing to say.
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It keeps its end open: what could be sent was sent, and all that came was read.
        }
    }
}
