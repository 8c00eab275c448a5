using System.Diagnostics;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>Connections that stay open, and bodies that are larger than any buffer.</summary>
public sealed class ConnectionScenarios
{
    [ClusterFact]
    public async Task Web_sockets_events_and_large_uploads_pass()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");

        await EchoOverWebSocketAsync(client.BaseAddress!);
        await EventsArriveOneByOneAsync(client);
        await StreamedBodyArrivesAsync(client);
    }

    private static async Task EchoOverWebSocketAsync(Uri address)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = "/ws" }.Uri, CancellationToken.None);
        var sent = Encoding.UTF8.GetBytes("a message that is not HTTP any more");
        await socket.SendAsync(sent, WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[256];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal(sent, buffer[..received.Count]);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
    }

    /// <summary>Ten events, 200 ms apart: the first must be here long before the last was made.</summary>
    private static async Task EventsArriveOneByOneAsync(HttpClient client)
    {
        var watch = Stopwatch.StartNew();
        using var response = await client.GetAsync("/events?count=10&intervalMilliseconds=200", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        TimeSpan? first = null;
        var events = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data:", StringComparison.Ordinal)) continue;
            first ??= watch.Elapsed;
            events++;
        }
        Assert.Equal(10, events);
        Assert.True(first < watch.Elapsed / 2, $"the first event came after {first}, the last after {watch.Elapsed}");
    }

    /// <summary>The route /sink inspects a window of 64 KiB only, so 32 MiB stream through.</summary>
    private static async Task StreamedBodyArrivesAsync(HttpClient client)
    {
        var body = new byte[32 << 20];
        new Random(11).NextBytes(body);
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/octet-stream");
        using var response = await client.PutAsync("/sink", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(body)), text, StringComparison.Ordinal);
    }
}
