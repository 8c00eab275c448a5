using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Gateways;

/// <summary>Debian's nginx with the configuration that docs/forward-auth.md gives, addresses replaced.</summary>
public sealed class NginxTests : IAsyncLifetime
{
    private const string Program = "/usr/sbin/nginx";

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-nginx-").FullName;
    private TestUpstream _application = null!;
    private TestSidecar _sidecar = null!;
    private Process? _nginx;
    private Uri _address = null!;

    public async Task InitializeAsync()
    {
        Assert.True(File.Exists(Program), "these tests need nginx: apt-get install nginx");
        _application = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, """
            SecRule ARGS "@streq evil" "id:1,phase:2,deny"
            SecRule REQUEST_METHOD "@streq DELETE" "id:2,phase:1,deny,status:405"
            SecRule REQUEST_HEADERS:Host "@streq evil.example" "id:3,phase:1,deny"
            SecRule REQUEST_HEADERS:X-Original-URL "@contains evil" "id:4,phase:1,deny"
            SecRule REQUEST_HEADERS:X-Original-URI "@rx ." "id:5,phase:1,deny"
            """) with
        {
            AccessLists = new AccessLists { DenyClients = ["192.0.2.0/24"] },
            ClientIdentity = new ClientIdentity { TrustedProxies = ["127.0.0.0/8"], TrustedHops = 2 },
            Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        };
        _sidecar = await TestSidecar.StartAsync(
            new Uri("http://nowhere.invalid"), policy,
            options => options with { Listeners = [ForwardAuthTests.Listener()] });
        // The port may be taken by somebody else before nginx takes it.
        for (var attempt = 0; !await StartNginxAsync(); attempt++) Assert.True(attempt < 5, ErrorLog());
    }

    public async Task DisposeAsync()
    {
        if (_nginx is { HasExited: false })
        {
            _nginx.Kill(entireProcessTree: true);
            await _nginx.WaitForExitAsync();
        }

        _nginx?.Dispose();
        await _sidecar.DisposeAsync();
        await _application.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A client's own fields of any gateway change nothing: nginx writes its own.</summary>
    [Theory]
    [InlineData("GET", "/?q=tea", HttpStatusCode.OK)]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/?q=%65vil", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/?q=tea", HttpStatusCode.OK)]
    [InlineData("HEAD", "/?q=evil", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "X-Original-URI", "/?q=tea")]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "x-original-uri", "/?q=tea")]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "X-Original-URL", "http://a/?q=tea")]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "X-Forwarded-Uri", "/?q=tea")]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "X_Original_URI", "/?q=tea")]
    [InlineData("GET", "/?q=tea", HttpStatusCode.Forbidden, "X-Original-URL", "http://a/?q=evil")]
    [InlineData("DELETE", "/", HttpStatusCode.Forbidden, "X-Original-Method", "GET")]
    [InlineData("DELETE", "/", HttpStatusCode.Forbidden, "X-HTTP-Method-Override", "GET")]
    [InlineData("GET", "/?q=evil", HttpStatusCode.Forbidden, "Connection", "X-Original-URI, X-Original-Method")]
    [InlineData("GET", "/", HttpStatusCode.Forbidden, "Host", "evil.example")]
    [InlineData("GET", "/?q=tea", HttpStatusCode.OK, "X-Original-Host", "evil.example")]
    [InlineData("GET", "/?q=tea", HttpStatusCode.Forbidden, "X-Forwarded-For", "192.0.2.7")]
    [InlineData("GET", "/?q=tea", HttpStatusCode.OK, "X-Forwarded-For", "192.0.2.7, 203.0.113.9")]
    [InlineData("GET", "/nginx", HttpStatusCode.OK)]
    [InlineData("GET", "/_waf", HttpStatusCode.NotFound)]
    public async Task ARequest_PassesAsTheSidecarDecides(
        string method, string target, HttpStatusCode status, string? header = null, string? value = null)
    {
        using var client = TestSidecar.Client(_address);
        using var request = new HttpRequestMessage(new HttpMethod(method), target);
        if (header is not null) request.Headers.TryAddWithoutValidation(header, value);
        if (method == "POST") request.Content = new StringContent("q=evil");
        using var answer = await client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status is HttpStatusCode.OK ? 1 : 0, _application.Seen.Count);
        if (status is HttpStatusCode.NotFound) return;
        var decided = Assert.Single(await _sidecar.EventsAsync());
        Assert.Equal(
            (method, target.Split('?')[0], status is HttpStatusCode.OK),
            (decided.Method, decided.Path, decided.Verdict is VerdictKind.Allow));
        // Nobody saw a body, and that is said.
        if (status is HttpStatusCode.OK) Assert.Contains(UninspectedReason.HeadersOnly, decided.Coverage!.Uninspected);
        else Assert.Equal(decided.Id, Assert.Single(answer.Headers.GetValues("Waf-Event-Id")));
    }

    /// <summary>No length of a target or field makes nginx ask about less than it forwards.</summary>
    [Theory]
    [InlineData(1_000)]
    [InlineData(7_000)]
    public async Task ALongTarget_IsAskedAboutWhole(int bytes)
    {
        using var client = TestSidecar.Client(_address);
        using var answer = await client.GetAsync($"/?pad={new string('x', bytes)}&q=evil");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Empty(_application.Seen);
    }

    /// <summary>A request without a host is not asked about, and passes nowhere.</summary>
    [Fact]
    public async Task WithoutAHost_NothingPasses()
    {
        var answer = await RawConnection.ExchangeAsync(
            new IPEndPoint(IPAddress.Loopback, _address.Port), "GET / HTTP/1.0\r\nX-Original-Host: shop\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
        Assert.Empty(_application.Seen);
    }

    [Fact]
    public async Task WhenNobodyAnswers_NothingPasses()
    {
        await _sidecar.StopAsync();
        using var client = TestSidecar.Client(_address);
        using var answer = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Empty(_application.Seen);
    }

    /// <summary>Starts nginx on a free port; false when it ended, as somebody else took the port.</summary>
    private async Task<bool> StartNginxAsync()
    {
        _nginx?.Dispose();
        _address = new Uri($"http://127.0.0.1:{FreePort()}");
        var configuration = Path.Combine(_folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configuration());
        _nginx = Process.Start(new ProcessStartInfo(Program, ["-p", _folder, "-c", configuration]))!;
        for (var deadline = Stopwatch.StartNew(); deadline.Elapsed < TimeSpan.FromMinutes(1) && !_nginx.HasExited;)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _address.Port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        return false;
    }

    /// <summary>The page's text between what a test needs: no daemon, no rights, no folders of the machine.</summary>
    private string Configuration()
    {
        var page = File.ReadAllText(Path.Combine(Repository(), "docs", "forward-auth.md"));
        var begin = page.IndexOf("```nginx\n", StringComparison.Ordinal) + "```nginx\n".Length;
        var text = page[begin..page.IndexOf("```", begin, StringComparison.Ordinal)];
        (string Documented, string Here)[] addresses =
        [
            ("shop-waf.shop.svc:16530", $"{_sidecar.Endpoint}"),
            ("listen 80;", string.Create(CultureInfo.InvariantCulture, $"listen 127.0.0.1:{_address.Port};")),
            ("http://application;", $"{_application.Address.ToString().TrimEnd('/')};"),
        ];
        foreach (var (documented, here) in addresses)
        {
            Assert.Contains(documented, text, StringComparison.Ordinal);
            text = text.Replace(documented, here, StringComparison.Ordinal);
        }

        return $$"""
            daemon off;
            user {{Environment.UserName}};
            worker_processes 1;
            pid {{_folder}}/pid;
            error_log {{_folder}}/error.log;
            events { worker_connections 64; }
            http {
              access_log off;
              client_body_temp_path {{_folder}}/body;
              proxy_temp_path {{_folder}}/proxy;
              fastcgi_temp_path {{_folder}}/fastcgi;
              uwsgi_temp_path {{_folder}}/uwsgi;
              scgi_temp_path {{_folder}}/scgi;
              {{text}}
            }
            """;
    }

    private string ErrorLog()
    {
        var log = Path.Combine(_folder, "error.log");
        return File.Exists(log) ? File.ReadAllText(log) : "nginx does not start";
    }

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "docs", "forward-auth.md"))) return folder.FullName;
        }

        throw new InvalidOperationException("docs/forward-auth.md is not above the test's folder");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
