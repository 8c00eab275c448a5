using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Proxy.Tests.Harness;

/// <summary>Connections from many addresses of the loopback network, each with its beginning of a request.</summary>
internal sealed class ManyClients : IDisposable
{
    /// <summary>A body of which one byte comes.</summary>
    public const string SlowBody = "POST /slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n\r\na";

    private readonly List<Socket> _sockets = [];

    public int Count => _sockets.Count;

    /// <summary>Connections that the other side has not closed.</summary>
    public int Open => _sockets.Count(socket => !IsClosed(socket));

    /// <summary>Opens connections, the addresses in turn; one that is refused counts as closed.</summary>
    public async Task OpenAsync(IPEndPoint target, int count, string start, int addresses = 200)
    {
        var bytes = Encoding.Latin1.GetBytes(start);
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            var own = i % addresses;
            socket.Bind(new IPEndPoint(new IPAddress(new byte[] { 127, 1, (byte)(own >> 8), (byte)(own + 1) }), 0));
            try
            {
                await socket.ConnectAsync(target);
                if (bytes.Length > 0) await socket.SendAsync(bytes);
            }
            catch (SocketException)
            {
                // Refused: what the other side is allowed to do.
            }
        }
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    /// <summary>Reads away what was answered: the end may stand behind it.</summary>
    private static bool IsClosed(Socket socket)
    {
        try
        {
            Span<byte> answer = stackalloc byte[4096];
            while (socket.Connected && socket.Poll(0, SelectMode.SelectRead))
            {
                if (socket.Receive(answer) == 0) return true;
            }

            return !socket.Connected;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
