using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Cli.Replaying;

/// <summary>
/// Sends requests byte by byte as they were recorded: no client library stands between that would repair an odd path.
/// One request at a time; the connection is made anew when the sidecar closed it.
/// </summary>
internal sealed class ReplayConnection(IPEndPoint sidecar) : IDisposable
{
    private const int HeadBytesMax = 64 << 10;

    /// <summary>Where the sidecar's own answers name their decision.</summary>
    private const string EventIdHeader = "waf-event-id:";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TcpClient? _client;

    /// <summary>
    /// The status of the answer, 0 when the connection was closed without one; and the id of the decision, where the
    /// answer is the sidecar's own.
    /// </summary>
    public async Task<(int Status, string? EventId)> SendAsync(
        ReplayedRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var bytes = BytesOf(request);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var isFresh = _client is null;
            try
            {
                if (_client is null)
                {
                    _client = new TcpClient { NoDelay = true };
                    await _client.ConnectAsync(sidecar, limit.Token);
                }

                var stream = _client.GetStream();
                await stream.WriteAsync(bytes, limit.Token);
                if (await ReadAsync(stream, request.Method == "HEAD", limit.Token) is { } answer) return answer;
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                // Closed by the sidecar: a fresh connection tells whether by this request.
            }

            Close();
            if (isFresh) return (0, null);
        }

        return (0, null);
    }

    public void Dispose() => Close();

    /// <summary>The request as it goes over the wire; header values cannot bring lines of their own.</summary>
    internal static byte[] BytesOf(ReplayedRequest request)
    {
        var head = new StringBuilder();
        head.Append(OneLine(request.Method)).Append(' ').Append(OneLine(request.Target).Replace(" ", "%20",
            StringComparison.Ordinal)).Append(" HTTP/1.1\r\n");
        var hasHost = false;
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                if (hasHost) continue;
                hasHost = true;
            }

            head.Append(OneLine(name)).Append(": ").Append(OneLine(value)).Append("\r\n");
        }

        if (!hasHost) head.Append("Host: replay.example\r\n");
        if (request.Client is { } client) head.Append("X-Forwarded-For: ").Append(OneLine(client)).Append("\r\n");
        if (request.Body.Length > 0 || request.Method is "POST" or "PUT" or "PATCH")
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {request.Body.Length}\r\n");
        head.Append("\r\n");
        return [.. Encoding.UTF8.GetBytes(head.ToString()), .. request.Body.Span];
    }

    private static string OneLine(string text) => text.AsSpan().IndexOfAny('\r', '\n', '\0') < 0 ? text
        : text.Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' ');

    /// <summary>Reads one answer whole; null when the connection ended before.</summary>
    private async Task<(int, string?)?> ReadAsync(
        NetworkStream stream, bool isHead, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await HeadAsync(stream, cancellationToken) is not { } head) return null;
            var lines = head.Split("\r\n");
            if (lines[0].Split(' ') is not [_, var code, ..] || !int.TryParse(code, out var status)) return null;
            if (status is >= 100 and < 200) continue;
            long length = 0;
            string? id = null;
            var closes = false;
            foreach (var line in lines.Skip(1))
            {
                if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    _ = long.TryParse(line.AsSpan(15).Trim(), CultureInfo.InvariantCulture, out length);
                if (line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase))
                    closes |= line.Contains("close", StringComparison.OrdinalIgnoreCase);
                if (line.StartsWith(EventIdHeader, StringComparison.OrdinalIgnoreCase))
                    id = line[EventIdHeader.Length..].Trim();
            }

            if (!isHead && status is not (204 or 304)) await SkipAsync(stream, length, cancellationToken);
            if (closes) Close();
            return (status, id);
        }
    }

    private static async Task<string?> HeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        // Answers are short and one at a time: what follows the head must stay in the stream.
        var head = new List<byte>(512);
        var one = new byte[1];
        while (head.Count < HeadBytesMax)
        {
            if (await stream.ReadAsync(one, cancellationToken) == 0) return null;
            head.Add(one[0]);
            if (head.Count >= 4 && head[^1] == '\n' && head[^3] == '\n')
                return Encoding.Latin1.GetString([.. head]);
        }

        return null;
    }

    private static async Task SkipAsync(NetworkStream stream, long length, CancellationToken cancellationToken)
    {
        var buffer = new byte[8192];
        while (length > 0)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)),
                cancellationToken);
            if (count == 0) return;
            length -= count;
        }
    }

    private void Close()
    {
        _client?.Dispose();
        _client = null;
    }
}
