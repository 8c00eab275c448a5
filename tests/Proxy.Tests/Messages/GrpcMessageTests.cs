using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Messages;

/// <summary>The four kinds of gRPC calls, by the client and the server that people use.</summary>
public sealed class GrpcMessageTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    public static TheoryData<InspectionMode, string?> Settings => new()
    {
        { InspectionMode.Off, null }, { InspectionMode.Enforce, null }, { InspectionMode.Enforce, "gzip" },
    };

    [Theory, MemberData(nameof(Settings))]
    public async Task AllKindsOfCalls_Work(InspectionMode mode, string? compression)
    {
        await using var server = await EchoServer.StartAsync();
        await using var sidecar = await StartAsync(server, mode);
        using var channel = Open(sidecar);
        var options = Options(compression);

        Assert.Equal("one", await channel.CreateCallInvoker().AsyncUnaryCall(Echo.Unary, null, options, "one"));
        Assert.Equal(["a", "a", "a"], await ReadAsync(
            channel.CreateCallInvoker().AsyncServerStreamingCall(Echo.Server, null, options, "a").ResponseStream));

        using var up = channel.CreateCallInvoker().AsyncClientStreamingCall(Echo.Client, null, options);
        for (var i = 0; i < 5; i++) await up.RequestStream.WriteAsync($"{i}");
        await up.RequestStream.CompleteAsync();
        Assert.Equal("01234", await up);

        using var both = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Echo.Both, null, options);
        await both.ResponseHeadersAsync;
        for (var i = 0; i < 5; i++)
        {
            await both.RequestStream.WriteAsync($"{i}");
            Assert.True(await both.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"{i}", both.ResponseStream.Current);
        }

        await both.RequestStream.CompleteAsync();
        Assert.False(await both.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, both.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    public async Task AnAttackInAnyKindOfCall_EndsItWithAStatus(string? compression)
    {
        await using var server = await EchoServer.StartAsync();
        await using var sidecar = await StartAsync(server, InspectionMode.Enforce);
        using var channel = Open(sidecar);
        var options = Options(compression);
        var invoker = channel.CreateCallInvoker();

        await AssertRefusedAsync(async () => await invoker.AsyncUnaryCall(Echo.Unary, null, options, "an attack"));
        await AssertRefusedAsync(async () => await ReadAsync(
            invoker.AsyncServerStreamingCall(Echo.Server, null, options, "an attack").ResponseStream));
        await AssertRefusedAsync(async () =>
        {
            using var up = invoker.AsyncClientStreamingCall(Echo.Client, null, options);
            await up.RequestStream.WriteAsync("fine");
            await up.RequestStream.WriteAsync("an attack");
            await up.RequestStream.CompleteAsync();
            await up;
        });
        using var both = invoker.AsyncDuplexStreamingCall(Echo.Both, null, options);
        await both.RequestStream.WriteAsync("fine");
        Assert.True(await both.ResponseStream.MoveNext(CancellationToken.None));
        await AssertRefusedAsync(async () =>
        {
            await both.RequestStream.WriteAsync("an attack");
            await both.ResponseStream.MoveNext(CancellationToken.None);
        });

        Assert.DoesNotContain(server.Received, text => text.Contains("attack", StringComparison.Ordinal));
        Assert.Equal(4, (await sidecar.EventsAsync()).Count(told => told.Verdict is VerdictKind.Block));
    }

    [Fact]
    public async Task ACancelledCall_IsCancelledInTheApplication()
    {
        await using var server = await EchoServer.StartAsync();
        await using var sidecar = await StartAsync(server, InspectionMode.Enforce);
        using var channel = Open(sidecar);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Echo.Both, null, default);
        await call.RequestStream.WriteAsync("fine");
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        call.Dispose();

        await server.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static Task<TestSidecar> StartAsync(EchoServer server, InspectionMode mode) => TestSidecar.StartAsync(
        server.Address, TestSidecar.Policy(mode, Rules), new ProxyLimits { DrainMax = TimeSpan.FromSeconds(1) });

    private static GrpcChannel Open(TestSidecar sidecar) => GrpcChannel.ForAddress(sidecar.Address);

    private static CallOptions Options(string? compression) => new(
        deadline: DateTime.UtcNow.AddSeconds(60),
        headers: compression is null ? null : new Metadata { { "grpc-internal-encoding-request", compression } });

    private static async Task<List<string>> ReadAsync(IAsyncStreamReader<string> stream)
    {
        var texts = new List<string>();
        while (await stream.MoveNext(CancellationToken.None)) texts.Add(stream.Current);
        return texts;
    }

    private static async Task AssertRefusedAsync(Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
    }

    /// <summary>A service without a schema file: its only message is a string in field 1.</summary>
    private static class Echo
    {
        private const string Service = "test.Echo";

        private static readonly Marshaller<string> Text = Marshallers.Create(Write, Read);

        public static readonly Method<string, string> Unary = New(MethodType.Unary, "Unary");
        public static readonly Method<string, string> Server = New(MethodType.ServerStreaming, "Server");
        public static readonly Method<string, string> Client = New(MethodType.ClientStreaming, "Client");
        public static readonly Method<string, string> Both = New(MethodType.DuplexStreaming, "Both");

        private static Method<string, string> New(MethodType type, string name) => new(type, Service, name, Text, Text);

        private static byte[] Write(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return [0x0A, (byte)bytes.Length, .. bytes];
        }

        private static string Read(byte[] message) => Encoding.UTF8.GetString(message.AsSpan(2, message[1]));
    }

    private sealed class EchoService;

    /// <summary>Answers with what it got; remembers it.</summary>
    private sealed class EchoMethods(EchoServer server) : IServiceMethodProvider<EchoService>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<EchoService> context)
        {
            context.AddUnaryMethod(Echo.Unary, [], (_, text, _) => Task.FromResult(Seen(text)));
            context.AddServerStreamingMethod(Echo.Server, [], async (_, text, answers, _) =>
            {
                for (var i = 0; i < 3; i++) await answers.WriteAsync(Seen(text));
            });
            context.AddClientStreamingMethod(Echo.Client, [], async (_, texts, _) =>
            {
                var all = "";
                await foreach (var text in texts.ReadAllAsync()) all += Seen(text);
                return all;
            });
            context.AddDuplexStreamingMethod(Echo.Both, [], BothAsync);
        }

        private async Task BothAsync(
            EchoService service, IAsyncStreamReader<string> texts, IServerStreamWriter<string> answers,
                ServerCallContext call)
        {
            await using var ended = call.CancellationToken.Register(server.NoteCancelled);
            // A client that waits for the head before it says anything must get it.
            await call.WriteResponseHeadersAsync(new Metadata());
            await foreach (var text in texts.ReadAllAsync(call.CancellationToken)) await answers.WriteAsync(Seen(text));
        }

        private string Seen(string text)
        {
            server.Received.Enqueue(text);
            return text;
        }
    }

    private sealed class EchoServer : IAsyncDisposable
    {
        private readonly TaskCompletionSource _cancelled = new();
        private WebApplication? _app;

        public ConcurrentQueue<string> Received { get; } = new();

        public Task Cancelled => _cancelled.Task;

        public Uri Address => new(_app!.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First());

        public static async Task<EchoServer> StartAsync()
        {
            var server = new EchoServer();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
            builder.Services.AddGrpc();
            builder.Services.AddSingleton(server);
            builder.Services.AddSingleton<IServiceMethodProvider<EchoService>, EchoMethods>();
            var app = builder.Build();
            app.MapGrpcService<EchoService>();
            server._app = app;
            await app.StartAsync();
            return server;
        }

        public void NoteCancelled() => _cancelled.TrySetResult();

        public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
