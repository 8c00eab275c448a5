using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>An application that keeps the bytes of everything that reaches it, by the request's number.</summary>
internal sealed partial class RecordingApplication : IAsyncDisposable
{
    private readonly ConcurrentDictionary<int, byte[]> _arrived = new();
    private TestUpstream _upstream = null!;
    private TestUpstream _http2 = null!;

    /// <summary>Where it speaks HTTP/1.1.</summary>
    public Uri Address => _upstream.Address;

    /// <summary>Where it speaks HTTP/2.</summary>
    public Uri Http2Address => _http2.Address;

    public static async Task<RecordingApplication> StartAsync()
    {
        var application = new RecordingApplication();
        application._upstream = await TestUpstream.StartAsync(application.AnswerAsync);
        application._http2 = await TestUpstream.StartAsync(application.AnswerAsync, HttpProtocols.Http2);
        return application;
    }

    /// <summary>Whether the attack arrived in the form in which the client sent it.</summary>
    public bool Received(HiddenAttack attack) =>
        _arrived.TryGetValue(attack.Number, out var bytes) && bytes.AsSpan().IndexOf(attack.Carried) >= 0;

    public static int NumberIn(string path) =>
        Numbers().Match(path) is { Success: true } found ? int.Parse(found.Groups[1].ValueSpan) : -1;

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _http2.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var head = new StringBuilder(target).Append('\n');
        foreach (var (name, value) in context.Request.Headers)
            head.Append(name).Append(": ").Append(value).Append('\n');
        using var body = new MemoryStream();
        if (context.WebSockets.IsWebSocketRequest)
        {
            await ReadMessagesAsync(context, body);
            _arrived[NumberIn(target)] = body.ToArray();
            return;
        }

        if (HttpProtocol.IsHttp2(context.Request.Protocol)) await ReadCallAsync(context, body);
        else await context.Request.Body.CopyToAsync(body);
        if (context.Features.Get<IHttpRequestTrailersFeature>() is { Available: true } trailing)
            foreach (var (name, values) in trailing.Trailers)
                head.Append(name).Append(": ").Append(values).Append('\n');
        _arrived[NumberIn(target)] = [.. Encoding.Latin1.GetBytes(head.ToString()), .. body.ToArray()];
        await context.Response.WriteAsync("fine");
    }

    /// <summary>A server of gRPC acts on each message that came whole, whether the call goes on or not.</summary>
    private static async Task ReadCallAsync(HttpContext context, MemoryStream body)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.AppendTrailer("grpc-status", "0");
        try
        {
            await context.Request.Body.CopyToAsync(body);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            // What came until then has arrived.
        }
    }

    /// <summary>The contents of the messages that came whole, one after the other.</summary>
    private static async Task ReadMessagesAsync(HttpContext context, MemoryStream messages)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    messages.Write(Encoding.Latin1.GetBytes(socket.CloseStatusDescription ?? ""));
                    return;
                }

                message.Write(buffer, 0, received.Count);
                if (!received.EndOfMessage) continue;
                message.WriteTo(messages);
                message.SetLength(0);
            }
        }
        catch (Exception broken) when (broken is WebSocketException or OperationCanceledException)
        {
            // What was whole until then has arrived.
        }
    }

    [GeneratedRegex(@"c(\d+)z")]
    private static partial Regex Numbers();
}
