using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Benchmarks.Load;

/// <summary>
/// Sends requests over kept-alive loopback connections, one at a time on each, from a thread for each connection with
/// blocking sockets: the driver shares the machine with what it measures and should take little of it.
/// </summary>
internal sealed class LoadDriver(int connections)
{
    private const int AnswerBytesMax = 64 * 1024;

    /// <summary>Sends a number of requests, taking the shape's in turn; answers counted by status.</summary>
    public Dictionary<int, int> Send(int port, IReadOnlyList<byte[]> requests, int count)
    {
        var tallies = new Dictionary<int, int>[connections];
        var failures = new Exception?[connections];
        var threads = Enumerable.Range(0, connections).Select(index => new Thread(() =>
        {
            try
            {
                var share = count / connections + (index < count % connections ? 1 : 0);
                tallies[index] = SendShare(port, requests, share, index);
            }
            catch (Exception failure) when (failure is SocketException or IOException)
            {
                failures[index] = failure;
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (failures.FirstOrDefault(static failure => failure is not null) is { } first)
            throw new IOException($"port {port}: {first.Message}", first);
        return tallies.SelectMany(static tally => tally).GroupBy(static pair => pair.Key)
            .ToDictionary(static group => group.Key, static group => group.Sum(static pair => pair.Value));
    }

    private static Dictionary<int, int> SendShare(int port, IReadOnlyList<byte[]> requests, int count, int first)
    {
        var statuses = new Dictionary<int, int>();
        var buffer = new byte[AnswerBytesMax];
        Socket? socket = null;
        try
        {
            for (var i = 0; i < count; i++)
            {
                socket ??= Connect(port);
                socket.Send(requests[(first + i) % requests.Count]);
                var (status, isKept) = ReadAnswer(socket, buffer);
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
                if (isKept) continue;
                socket.Dispose();
                socket = null;
            }
        }
        finally
        {
            socket?.Dispose();
        }

        return statuses;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true, ReceiveTimeout = 120_000, SendTimeout = 120_000,
        };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static (int Status, bool IsKept) ReadAnswer(Socket socket, byte[] buffer)
    {
        var length = 0;
        var total = -1;
        var head = "";
        while (total < 0 || length < total)
        {
            var count = socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None);
            if (count == 0) throw new IOException("the connection was closed within an answer");
            length += count;
            if (total >= 0) continue;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end < 0) continue;
            head = Encoding.ASCII.GetString(buffer, 0, end);
            total = end + 4 + int.Parse(Header(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture);
        }

        var isKept = Header(head, "Connection")?.Equals("close", StringComparison.OrdinalIgnoreCase) is not true;
        return (int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture), isKept);
    }

    private static string? Header(string head, string name)
    {
        var at = head.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        at += name.Length + 4;
        var end = head.IndexOf('\r', at);
        return end < 0 ? head[at..] : head[at..end];
    }
}
