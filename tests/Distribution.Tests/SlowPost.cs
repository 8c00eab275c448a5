using System.Net.Sockets;
using System.Text;

namespace WafOperator.Distribution.Tests;

/// <summary>A call that announces a body, sends a part of it at once, and the rest never.</summary>
internal static class SlowPost
{
    /// <summary>Status line of the answer; empty where the connection ends without one.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="token">Token of the caller.</param>
    /// <param name="length">Bytes announced.</param>
    /// <param name="sent">Bytes sent.</param>
    /// <param name="path">What is called.</param>
    public static async Task<string> SendAsync(
        Uri server, string token, int length, int sent, string path = "/v1/status")
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: operator\r\nAuthorization: Bearer {token}\r\n"
            + $"Content-Length: {length}\r\n\r\n"));
        try
        {
            await stream.WriteAsync(new byte[sent]);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return await reader.ReadLineAsync() ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
