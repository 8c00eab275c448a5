using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WafOperator.Controllers.Sidecars;
using WafOperator.Distribution;
using WafOperator.Distribution.Callers;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Operator.Host;
using WafOperator.Outside;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Tests.Sidecars;

/// <summary>Two replicas over HTTPS: the one that leads, and one that passes statuses on to it.</summary>
public sealed class StatusRelayTests : IAsyncLifetime
{
    private static readonly NamespacedName Pod = new("shop", "shop-1");

    private static readonly PodView View = new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = "shop-1", Uid = "uid-1" },
        Phase = "Running",
        Captured = new CapturedPod { Listening = [15001], Redirected = [], Protected = [8080], Declared = [] },
    };

    private readonly SidecarReports _reports = new(
        key => key == Pod ? View : null, new SidecarReportOptions(), TimeProvider.System);
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly List<string> _seen = [];
    private WebApplication _leader = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenLocalhost(FreePort(), listen => listen.UseHttps(_certificate)));
        _leader = builder.Build();
        var relay = new StatusRelay(_reports, () => true, () => null, new HttpClient());
        _leader.MapPost("/v1/status", async context =>
        {
            var headers = context.Request.Headers;
            _seen.Add($"{headers.Authorization} {headers[StatusEndpoint.RelayedHeader]}");
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            context.Response.StatusCode = (await relay.AcceptAsync(Pushed(body.ToArray()), default)).StatusCode;
        });
        await _leader.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _leader.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task AReplicaThatDoesNotLead_PassesTheStatusOn()
    {
        using var replicas = OutsideConnections.ForReplicas(shown => shown.Thumbprint == _certificate.Thumbprint);

        var answer = await Follower(replicas, LeaderAddress()).AcceptAsync(Pushed(Status("r7")), default);

        Assert.Equal((202, null), (answer.StatusCode, answer.Refusal));
        Assert.Equal("r7", _reports.Find(View)!.Status.Revision);
        Assert.Equal(["Bearer pods-own 1"], _seen);
    }

    [Fact]
    public async Task AnythingElseAtTheLeadersAddress_HearsNothing()
    {
        using var other = Certificate();
        using var replicas = OutsideConnections.ForReplicas(shown => shown.Thumbprint == other.Thumbprint);

        var answer = await Follower(replicas, LeaderAddress()).AcceptAsync(Pushed(Status("r7")), default);

        Assert.Equal(503, answer.StatusCode);
        Assert.Empty(_seen);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task NobodyLeads_OrItWasPassedOnBefore_GoesNoFurther(bool isLeaderKnown, bool isRelayed)
    {
        using var replicas = OutsideConnections.ForReplicas(_ => true);
        var follower = Follower(replicas, isLeaderKnown ? LeaderAddress() : null);

        var answer = await follower.AcceptAsync(Pushed(Status("r7")) with { IsRelayed = isRelayed }, default);

        Assert.Equal(503, answer.StatusCode);
        Assert.Empty(_seen);
    }

    [Theory]
    [InlineData("not json", 400)]
    [InlineData("{\"format\":\"other\"}", 400)]
    public async Task WhatIsNoStatus_IsRefused(string json, int expected)
    {
        var leader = new StatusRelay(_reports, () => true, () => null, new HttpClient());

        var answer = await leader.AcceptAsync(Pushed(System.Text.Encoding.UTF8.GetBytes(json)), default);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Theory]
    [InlineData("10.1.2.3", "https://10.1.2.3:9444/v1/status")]
    [InlineData("fd00::7", "https://[fd00::7]:9444/v1/status")]
    [InlineData(null, null)]
    public void AddressOf_APod(string? address, string? expected) =>
        Assert.Equal(expected, StatusRelay.AddressOf(View with { Address = address }, 9444)?.ToString());

    private StatusRelay Follower(HttpClient replicas, Uri? leader) =>
        new(_reports, () => false, () => leader, replicas);

    private Uri LeaderAddress() => new(new Uri(_leader.Urls.First()), "/v1/status");

    private static PushedStatus Pushed(byte[] json) =>
        new("shop", new CallerPod("shop-1", "uid-1"), json, "Bearer pods-own", IsRelayed: false);

    private static byte[] Status(string revision) => JsonSerializer.SerializeToUtf8Bytes(
        new SidecarStatus { Revision = revision, Policy = "main" }, ProtocolJson.Default.SidecarStatus);

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=operator", key, HashAlgorithmName.SHA256);
        using var certificate =
            request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
