using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Controllers.Certificates;
using WafOperator.Operator.Host.Listening;

namespace WafOperator.Controllers.Tests.Listening;

/// <summary>Clients of one namespace that connect and say little keep nobody else from the operator's ports.</summary>
public sealed class SlowClientsTests
{
    /// <summary>What is left of the smallest number of connections for the distribution port.</summary>
    private const int Room = 512 / 4 * 3;

    [Theory]
    [InlineData("")]
    [InlineData("\u0016\u0003\u0001")]
    public async Task ManyWhoSayNothing_LeaveRoomForOthers_AndAreLetGo(string start)
    {
        var (certificate, bundle) = Certificate();
        var ports = new OperatorPorts(0, address => address.ToString().StartsWith("127.0.9.",
            StringComparison.Ordinal)
            ? "noisy" : null);
        await using var web = await StartAsync(ports, certificate);
        var port = new Uri(web.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;
        var slow = new List<Socket>();
        for (var i = 0; i < 2 * Room; i++) slow.Add(await ConnectAsync(port, $"127.0.9.{1 + (i % 200)}", start));

        using var client = Client(bundle);
        for (var i = 0; i < 20; i++)
            Assert.Equal("served", await client.GetStringAsync(new Uri($"https://localhost:{port}/")));

        // Half of the room is theirs, the rest was closed at once; and who never finishes the handshake goes too.
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.InRange(slow.Count(socket => !IsClosed(socket)), 1, Room / 2);
        await Task.Delay(OperatorPorts.HeadWithin + TimeSpan.FromSeconds(5));
        Assert.Equal(0, slow.Count(socket => !IsClosed(socket)));
        slow.ForEach(socket => socket.Dispose());
    }

    private static async Task<Socket> ConnectAsync(int port, string from, string start)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            if (start.Length > 0) await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(start));
        }
        catch (SocketException)
        {
            // Closed at once: no room.
        }

        return socket;
    }

    private static bool IsClosed(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[256]) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task<WebApplication> StartAsync(OperatorPorts ports, X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            OperatorPorts.Limit(kestrel.Limits);
            kestrel.Listen(IPAddress.Loopback, 0, listen => ports.Distribution(listen, https =>
                https.ServerCertificateSelector = (_, _) => certificate));
        });
        var web = builder.Build();
        web.Run(context => context.Response.WriteAsync("served"));
        await web.StartAsync();
        return web;
    }

    private static HttpClient Client(string bundle) => new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = new()
        {
            CertificateChainPolicy = Policy(bundle),
        },
    })
    {
        Timeout = TimeSpan.FromSeconds(20),
    };

    private static X509ChainPolicy Policy(string bundle)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPem(bundle);
        return policy;
    }

    private static (X509Certificate2 Certificate, string Bundle) Certificate()
    {
        var (state, _) = CertificateRotation.Next(null, ["localhost"], DateTimeOffset.UtcNow);
        return (state.Serving.ToServerCertificate(), state.Bundle);
    }
}
