using System.Net;
using System.Net.Sockets;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// A connection to the application whose writes end quietly once the other side is gone. An application may answer
/// before
/// it has read the whole request, and close (RFC 9112, section 9.6): the answer is then waiting to be read, and an
/// error of
/// the write would hide it. Whether there is one, the read side tells.
/// </summary>
internal sealed class UpstreamConnection(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private bool _isDeaf;

    public static async ValueTask<UpstreamConnection> ConnectAsync(
        EndPoint application, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(application, cancellationToken);
            return new UpstreamConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isDeaf) return ValueTask.CompletedTask;
        var writing = base.WriteAsync(buffer, cancellationToken);
        return writing.IsCompletedSuccessfully ? writing : FinishAsync(writing);
    }

    private async ValueTask FinishAsync(ValueTask writing)
    {
        try
        {
            await writing;
        }
        catch (IOException failure) when (failure.InnerException is SocketException
            { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown })
        {
            _isDeaf = true;
        }
    }
}
