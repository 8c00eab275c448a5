using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace WafOperator.Conformance.Peer;

/// <summary>Sends bytes as they are to a local port, each request on a connection of its own.</summary>
internal sealed class RawClient(int port)
{
    private const int AnswerBytesMax = 64 * 1024;

    /// <summary>Below the ports that systems choose themselves, so that none of them comes twice.</summary>
    private int _nextClient = 20_000;

    /// <summary>A port nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until a program listens.</summary>
    public static void WaitFor(int port, Process program, Func<string> complaint)
    {
        // Two minutes: a busy machine compiles a rule set slowly.
        for (var i = 0; i < 1200; i++)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (!program.HasExited)
            {
                Thread.Sleep(100);
            }
        }

        throw new InvalidOperationException($"{program.StartInfo.FileName} does not start: {complaint()}");
    }

    public RawExchange Send(byte[] request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true, ReceiveTimeout = 5_000,
        };
        var client = BindNext(socket);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            socket.Send(request);
            return new RawExchange(client, StatusOf(socket));
        }
        catch (SocketException)
        {
            return new RawExchange(client, 0);
        }
    }

    private int BindNext(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        while (true)
        {
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, _nextClient++));
                return _nextClient - 1;
            }
            catch (SocketException taken) when (taken.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another program listens there.
            }
        }
    }

    private static int StatusOf(Socket socket)
    {
        var answer = new byte[AnswerBytesMax];
        var length = 0;
        while (length < 12 && socket.Receive(answer.AsSpan(length)) is > 0 and var count) length += count;
        return length >= 12 && answer.AsSpan().StartsWith("HTTP/1."u8)
            && int.TryParse(answer.AsSpan(9, 3), out var status) ? status : 0;
    }
}

/// <summary>One request as the client saw it. Status 0: no answer that is HTTP/1.</summary>
internal readonly record struct RawExchange(int ClientPort, int Status);
