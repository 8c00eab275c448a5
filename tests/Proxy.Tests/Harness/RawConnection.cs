using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WafOperator.Proxy.Tests.Harness;

/// <summary>Bytes over a socket, for requests that no client library sends.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _client = new();

    public NetworkStream Stream => _client.GetStream();

    public static async Task<RawConnection> OpenAsync(IPEndPoint endpoint)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(endpoint);
        return connection;
    }

    public Task SendAsync(string text) => Stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>Everything until the other side closes.</summary>
    public async Task<string> ReadToEndAsync(TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(10));
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (true)
            {
                var count = await Stream.ReadAsync(buffer, timeout.Token);
                if (count == 0) break;
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // A reset ends the answer as well.
        }

        return text.ToString();
    }

    /// <summary>Reads until a text was seen.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var text = new StringBuilder();
        var buffer = new byte[1];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            if (await Stream.ReadAsync(buffer, timeout.Token) == 0) break;
            text.Append((char)buffer[0]);
        }

        return text.ToString();
    }

    public static async Task<string> ExchangeAsync(IPEndPoint endpoint, string request)
    {
        using var connection = await OpenAsync(endpoint);
        await connection.SendAsync(request);
        return await connection.ReadToEndAsync();
    }

    public void Dispose() => _client.Dispose();
}
