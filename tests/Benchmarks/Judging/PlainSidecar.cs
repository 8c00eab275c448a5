using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;
using ProxySidecar = WafOperator.Proxy.Sidecar;

namespace WafOperator.Benchmarks.Judging;

/// <summary>A sidecar on a socket before an application, one request at a time, each with its decision.</summary>
internal sealed class PlainSidecar : IAsyncDisposable
{
    private static readonly TimeSpan DecisionWithin = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;
    private readonly ProxySidecar _sidecar;
    private readonly Lines _decisions;

    private PlainSidecar(WebApplication application, ProxySidecar sidecar, Lines decisions) =>
        (_application, _sidecar, _decisions) = (application, sidecar, decisions);

    public static async Task<PlainSidecar> StartAsync(PolicyDocument policy, string rules, string models)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var application = builder.Build();
        application.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });
        await application.StartAsync();
        var decisions = new Lines();
        var file = Path.GetTempFileName();
        var sidecar = new ProxySidecar(
            new SidecarOptions
            {
                Listeners =
                [
                    new ProxyListener(
                        "http", new IPEndPoint(IPAddress.Loopback, 0), new Uri(application.Urls.First())),
                ],
                RulesDirectory = rules, ModelsDirectory = models, DecisionOutput = decisions,
                File = new PolicyFileOptions(file, (_, _) => new PolicyFileContent(policy, [], null)),
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        if (sidecar.LoadPolicyFile() is { } refusal) throw new InvalidOperationException(refusal);
        await sidecar.StartAsync(default);
        return new PlainSidecar(application, sidecar, decisions);
    }

    /// <summary>Status and decision; no decision for what is refused before there is one.</summary>
    public async Task<(int Status, SecurityEvent? Decision)> SendAsync(byte[] request)
    {
        while (_decisions.Events.TryRead(out _))
        {
            // Of a request before.
        }

        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(_sidecar.Endpoints[0]);
        var stream = client.GetStream();
        await stream.WriteAsync(request);
        var head = new byte[12];
        await stream.ReadExactlyAsync(head);
        var status = int.Parse(Encoding.ASCII.GetString(head.AsSpan(9)));
        using var patience = new CancellationTokenSource(DecisionWithin);
        try
        {
            return (status, await _decisions.Events.ReadAsync(patience.Token));
        }
        catch (OperationCanceledException)
        {
            return (status, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.StopAsync(TimeSpan.Zero);
        await _sidecar.DisposeAsync();
        await _application.DisposeAsync();
    }

    /// <summary>The decision log, line by line.</summary>
    private sealed class Lines : MemoryStream
    {
        private readonly Channel<SecurityEvent> _events = Channel.CreateUnbounded<SecurityEvent>();
        private readonly MemoryStream _line = new();

        public ChannelReader<SecurityEvent> Events => _events.Reader;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            foreach (var value in buffer.Span)
            {
                if (value != '\n')
                {
                    _line.WriteByte(value);
                    continue;
                }

                _events.Writer.TryWrite(JsonSerializer.Deserialize(
                    _line.GetBuffer().AsSpan(0, (int)_line.Length), ProtocolJson.Default.SecurityEvent)!);
                _line.SetLength(0);
            }

            return ValueTask.CompletedTask;
        }
    }
}
