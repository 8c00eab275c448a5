using System.Globalization;
using System.Net.WebSockets;

namespace WafOperator.E2e.Shop;

/// <summary>Connections that stay open: a WebSocket that echoes, server-sent events, and slow answers.</summary>
internal static class Streams
{
    private const int EventsMax = 10_000;

    public static void MapStreams(this WebApplication app)
    {
        app.Map("/ws", async (HttpContext context) =>
        {
            if (!context.WebSockets.IsWebSocketRequest)
            {
                context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
                return;
            }
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await EchoAsync(socket, context.RequestAborted);
        });

        app.MapGet("/events", async (HttpContext context, int? count, int? intervalMilliseconds) =>
        {
            var cancellation = context.RequestAborted;
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-cache";
            for (var number = 1; number <= Math.Min(count ?? 10, EventsMax); number++)
            {
                await context.Response.WriteAsync(
                    string.Create(CultureInfo.InvariantCulture, $"id: {number}\ndata: price {890 + number}\n\n"), cancellation);
                await context.Response.Body.FlushAsync(cancellation);
                await Task.Delay(Math.Clamp(intervalMilliseconds ?? 100, 0, 60_000), cancellation);
            }
        });

        app.MapGet("/slow", async (int? milliseconds, CancellationToken cancellation) =>
        {
            await Task.Delay(Math.Clamp(milliseconds ?? 1000, 0, 60_000), cancellation);
            return Results.Text("done");
        });
    }

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[16 << 10];
        while (socket.State == WebSocketState.Open)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", cancellation);
                return;
            }
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellation);
        }
    }
}
