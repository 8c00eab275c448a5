using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Sync;

/// <summary>The sidecar against an operator over HTTPS, with its own CA and tokens.</summary>
public sealed class OperatorSyncTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-sync-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Policy_FromTheOperator_IsInForceAndChangesWithinMoments()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => sidecar.IsReady);

        control.Publish(
            TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\""));
        await UntilAsync(() => sidecar.Status().Mode == "Enforce");

        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/?q=attack"));
        var status = sidecar.Status();
        Assert.Equal(("Operator", control.Revision), (status.Source, status.Revision));
        Assert.NotNull(status.LastContact);
        Assert.Contains("Bearer token-1", control.Authorizations);
        await UntilAsync(() => control.Events.Any(line => line.Contains("\"Block\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Status_IsPushedWithTheToken_WhenThePolicyChanges()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => control.Statuses.Any(s => s.Contains("\"mode\":\"Off\"", StringComparison.Ordinal)));

        control.Publish(TestSidecar.Policy(InspectionMode.Detect));
        await UntilAsync(() => control.Statuses.Any(s => s.Contains(control.Revision!, StringComparison.Ordinal)));

        Assert.All(control.Statuses, status => Assert.StartsWith("Bearer token-1 {", status));
    }

    [Fact]
    public async Task NoPolicyYet_NotReadyAndRefuses_ThenServes()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        await using var sidecar = await StartAsync(control, upstream);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await GetAsync(sidecar, "/"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AdminAsync(sidecar, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await AdminAsync(sidecar, "/healthz"));
        Assert.Empty(upstream.Seen);

        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await UntilAsync(() => sidecar.IsReady);
        Assert.Equal(HttpStatusCode.OK, await AdminAsync(sidecar, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(sidecar, "/"));
    }

    [Theory]
    [InlineData("revision")]
    [InlineData("rules")]
    [InlineData("network")]
    [InlineData("format")]
    [InlineData("addressee")]
    [InlineData("json")]
    [InlineData("rule set")]
    public async Task BadDocument_IsRefusedWithAReason_AndTheLastGoodStays(string what)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(
            TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\""));
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => sidecar.IsReady);
        var good = control.Revision;
        var next = TestSidecar.Policy(InspectionMode.Off);

        switch (what)
        {
            case "revision": control.PublishRaw(next with { Revision = new string('0', 64) }); break;
            case "rules": control.Publish(
                TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@rx (\" \"id:1,phase:2,deny\"")); break;
            case "network": control.Publish(
                next with { AccessLists = new AccessLists { DenyClients = ["10.0.0.0/99"] } }); break;
            case "format": control.Publish(next with { Format = "waf-policy/v9" }); break;
            case "addressee": control.Publish(next with { Namespace = "other" }); break;
            case "json": control.PublishBytes("{\"format\":", "\"broken\""); break;
            case "rule set":
                control.Publish(next with
                {
                    Mode = InspectionMode.Enforce,
                    Rules = new RulePolicy { Sources = [new RuleSource { Name = "x", RuleSet = "../../etc" }] },
                });
                break;
        }

        await UntilAsync(() => sidecar.Status().RejectedReason is not null);
        var status = sidecar.Status();
        Assert.Equal(good, status.Revision);
        Assert.Equal("Enforce", status.Mode);
        Assert.NotEmpty(status.RejectedReason!);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(sidecar, "/?q=attack"));
        Assert.True(sidecar.IsReady);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusedDocument_IsNotAskedForInALoop(bool isJson)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        if (isJson) control.Publish(
            TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@rx (\" \"id:1,phase:2,deny\""));
        else control.PublishBytes("{\"format\":", "broken");
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => sidecar.Status().RejectedReason is not null);

        await Task.Delay(700);

        Assert.InRange(control.PolicyCalls, 1, 6);
    }

    [Fact]
    public async Task OperatorDown_RestartUsesTheLastGoodCopy()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var control = await TestOperator.StartAsync(_folder);
        control.Publish(
            TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\""));
        await using (var first = await StartAsync(control, upstream))
        {
            await UntilAsync(() => first.IsReady);
            await control.DisposeAsync();
            Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(first, "/?q=attack"));
        }

        await using var second = await StartAsync(control, upstream);

        await UntilAsync(() => second.IsReady);
        Assert.Equal("LastGoodCopy", second.Status().Source);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(second, "/?q=attack"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(second, "/?q=tea"));
    }

    [Fact]
    public async Task LastGoodCopy_Damaged_IsNotUsed()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await using (var first = await StartAsync(control, upstream)) await UntilAsync(() => first.IsReady);
        await control.DisposeAsync();
        var copy = Path.Combine(_folder, "state", "policy.json");
        await File.WriteAllTextAsync(copy, (await File.ReadAllTextAsync(copy)).Replace("\"Off\"", "\"Detect\"", StringComparison.Ordinal));

        await using var second = await StartAsync(control, upstream);
        await UntilAsync(() => second.Status().RejectedReason is not null);

        Assert.False(second.IsReady);
        Assert.Contains("does not match its revision", second.Status().RejectedReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PolicyDeleted_LastGoodStays()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => sidecar.IsReady);

        control.Delete();
        var calls = control.PolicyCalls;
        await UntilAsync(() => control.PolicyCalls > calls + 1);

        Assert.True(sidecar.IsReady);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(sidecar, "/"));
    }

    [Fact]
    public async Task TokenAndCa_Rotated_AreReadAgain()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        await using var sidecar = await StartAsync(control, upstream);
        await UntilAsync(() => sidecar.IsReady);

        await File.WriteAllTextAsync(Path.Combine(_folder, "token"), "token-2\n");
        control.Publish(TestSidecar.Policy(InspectionMode.Detect));
        await UntilAsync(() => sidecar.Status().Mode == "Detect");
        control.Publish(TestSidecar.Policy(InspectionMode.Enforce));
        await UntilAsync(() => sidecar.Status().Mode == "Enforce");

        Assert.Contains("Bearer token-2", control.Authorizations);
    }

    [Fact]
    public async Task OperatorWithAForeignCertificate_IsNotBelieved()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var control = await TestOperator.StartAsync(_folder);
        control.Publish(TestSidecar.Policy(InspectionMode.Off));
        using var foreign = TestOperator.CreateCertificate("foreign");
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.pem"), foreign.ExportCertificatePem());

        await using var sidecar = await StartAsync(control, upstream);
        await Task.Delay(500);

        Assert.False(sidecar.IsReady);
        Assert.Equal(0, control.PolicyCalls);
    }

    private async Task<Sidecar> StartAsync(TestOperator control, TestUpstream upstream)
    {
        var logs = Environment.GetEnvironmentVariable("WAF_TEST_LOGS") is null ? NullLoggerFactory.Instance
            : LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddSimpleConsole());
        var sidecar = new Sidecar(
            new SidecarOptions
            {
                Listeners = [new ProxyListener("http", new IPEndPoint(IPAddress.Loopback, 0), upstream.Address)],
                Admin = new IPEndPoint(IPAddress.Loopback, 0),
                Limits = new ProxyLimits { DrainMax = TimeSpan.FromSeconds(1) },
                Operator = new OperatorOptions(
                    new OperatorAddress(control.Address, Path.Combine(
                        _folder, "token"), Path.Combine(_folder, "ca.pem")),
                    "shop", "main", "pod-1", Path.Combine(_folder, "state")),
            },
            TimeProvider.System, logs);
        await sidecar.StartAsync(CancellationToken.None);
        return sidecar;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var until = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, "it did not happen in time");
            await Task.Delay(20);
        }
    }

    private static async Task<HttpStatusCode> GetAsync(Sidecar sidecar, string target)
    {
        using var client = TestSidecar.Client(new Uri($"http://{sidecar.Endpoints[0]}"));
        using var response = await client.GetAsync(target);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> AdminAsync(Sidecar sidecar, string path)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri(sidecar.AdminAddress!, path));
        return response.StatusCode;
    }

    /// <summary>The operator's distribution port, as crds/Protocols/Distribution.md describes it.</summary>
    private sealed class TestOperator : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly X509Certificate2 _certificate;
        private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile byte[]? _document;
        private int _policyCalls;

        private TestOperator(WebApplication app, X509Certificate2 certificate)
        {
            _app = app;
            _certificate = certificate;
        }

        public Uri Address { get; private set; } = null!;

        public string? Revision { get; private set; }

        public int PolicyCalls => Volatile.Read(ref _policyCalls);

        public ConcurrentBag<string> Authorizations { get; } = [];

        public ConcurrentQueue<string> Events { get; } = new();

        public ConcurrentQueue<string> Statuses { get; } = new();

        public static async Task<TestOperator> StartAsync(string folder)
        {
            var certificate = CreateCertificate("operator");
            await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(Path.Combine(folder, "token"), "token-1\n");
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
            var app = builder.Build();
            var control = new TestOperator(app, certificate);
            app.MapGet("/v1/namespaces/shop/policies/main", control.GetPolicyAsync);
            app.MapPost("/v1/events", control.PostEventsAsync);
            app.MapPost("/v1/status", async (HttpRequest push) => control.Statuses.Enqueue(
                push.Headers.Authorization + " " + await new StreamReader(push.Body).ReadToEndAsync()));
            await app.StartAsync();
            control.Address = new Uri(app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/");
            return control;
        }

        public static X509Certificate2 CreateCertificate(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }

        public void Publish(PolicyDocument document) => PublishRaw(PolicyRevision.Seal(document));

        public void PublishRaw(PolicyDocument document) => PublishBytes(
            Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument)), document.Revision);

        public void PublishBytes(string json, string revision)
        {
            Revision = revision;
            _document = Encoding.UTF8.GetBytes(json);
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }

        public void Delete()
        {
            _document = null;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _certificate.Dispose();
        }

        private async Task GetPolicyAsync(HttpContext context, string? revision, int wait)
        {
            Interlocked.Increment(ref _policyCalls);
            Authorizations.Add(context.Request.Headers.Authorization.ToString());
            var changed = _changed.Task;
            if (_document is not null && revision == Revision && wait > 0)
                await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(wait), context.RequestAborted));
            if (_document is not { } document)
            {
                context.Response.StatusCode = 404;
                return;
            }

            if (revision == Revision)
            {
                context.Response.StatusCode = 304;
                return;
            }

            await context.Response.Body.WriteAsync(document);
        }

        private async Task PostEventsAsync(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            while (await reader.ReadLineAsync() is { } line) Events.Enqueue(line);
            context.Response.StatusCode = 202;
        }
    }
}
