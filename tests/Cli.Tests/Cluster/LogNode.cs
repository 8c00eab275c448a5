using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Tests.Cluster;

/// <summary>
/// A node as far as the API server asks one for logs: the same path and parameters, over TLS, as a kubelet serves them.
/// What containers write is up to the test.
/// </summary>
internal sealed class LogNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, List<string>> _logs = new(StringComparer.Ordinal);

    private LogNode(WebApplication app, string name) => (_app, Name) = (app, name);

    public string Name { get; }

    /// <summary>Requests that came, with their parameters.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<LogNode> StartAsync(KubernetesClient client)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        using var bare = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var node = new LogNode(app, $"node-{Guid.NewGuid():n}");
        app.UseWebSockets();
        app.Run(node.AnswerAsync);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        var port = new Uri(address.Addresses.First()).Port;
        var body = JsonNode.Parse($$$"""{"metadata":{"name":"{{{node.Name}}}"}}""")!.AsObject();
        await client.CreateAsync(BuiltIn.Nodes, body, default);
        var status = JsonNode.Parse($$$"""
            {"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],
             "daemonEndpoints":{"kubeletEndpoint":{"Port":{{{port}}} } } } }
            """)!.AsObject();
        await client.PatchAsync(BuiltIn.Nodes, NamespacedName.Cluster(node.Name), Patch.MergeStatus(status), default);
        return node;
    }

    /// <summary>A container writes a line.</summary>
    public void Write(string ns, string pod, string container, string line)
    {
        var log = _logs.GetOrAdd($"/containerLogs/{ns}/{pod}/{container}", _ => []);
        lock (log) log.Add(line);
    }

    /// <summary>What a pod's port answers, by <c>/namespace/pod</c>; others close the connection.</summary>
    public ConcurrentDictionary<string, string> Ports { get; } = new(StringComparer.Ordinal);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Channels of one port, as a kubelet makes them: data and errors, each begun with the number.</summary>
    private async Task ForwardAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        var port = int.Parse(context.Request.Query["port"]!, System.Globalization.CultureInfo.InvariantCulture);
        foreach (byte channel in new byte[] { 0, 1 })
            await SendAsync(socket, [channel, (byte)port, (byte)(port >> 8)]);
        var buffer = new byte[4096];
        await socket.ReceiveAsync(buffer, context.RequestAborted);
        var pod = context.Request.Path.Value!.Replace("/portForward", "", StringComparison.Ordinal);
        if (Ports.TryGetValue(pod, out var body))
        {
            var answer = $"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
            await SendAsync(socket, [0, .. Encoding.UTF8.GetBytes(answer)]);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);

        static Task SendAsync(WebSocket socket, byte[] bytes) =>
            socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue(context.Request.Path + context.Request.QueryString.Value);
        if (context.WebSockets.IsWebSocketRequest)
        {
            await ForwardAsync(context);
            return;
        }

        if (!_logs.TryGetValue(context.Request.Path, out var log))
        {
            context.Response.StatusCode = 404;
            return;
        }

        var follows = context.Request.Query["follow"] == "true";
        for (var next = 0; !context.RequestAborted.IsCancellationRequested;)
        {
            string? line = null;
            lock (log)
            {
                if (next < log.Count) line = log[next++];
            }

            if (line is not null) await context.Response.WriteAsync(line + "\n", context.RequestAborted);
            else if (!follows) return;
            else
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(20, context.RequestAborted);
            }
        }
    }
}
