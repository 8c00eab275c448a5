using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;

namespace WafOperator.Proxy.Tests.Harness;

/// <summary>A sidecar in front of an application, its policy in a file that a test can change.</summary>
internal sealed class TestSidecar : IAsyncDisposable
{
    private readonly Sidecar _sidecar;
    private readonly string _policyFile;
    private readonly MemoryStream _log;
    private bool _isStopped;

    private TestSidecar(Sidecar sidecar, string policyFile, MemoryStream log)
    {
        _sidecar = sidecar;
        _policyFile = policyFile;
        _log = log;
    }

    /// <summary>Where requests go.</summary>
    public Uri Address => new($"http://{_sidecar.Endpoints[0]}");

    public IPEndPoint Endpoint => _sidecar.Endpoints[0];

    public Uri Admin => _sidecar.AdminAddress!;

    public Sidecar Sidecar => _sidecar;

    public static PolicyDocument Policy(InspectionMode mode, string? rules = null) => new()
    {
        Namespace = "shop",
        Name = "main",
        Mode = mode,
        Rules = rules is null ? null : new RulePolicy { Sources = [new RuleSource { Name = "test", Text = rules }] },
    };

    public static Task<TestSidecar> StartAsync(
        Uri upstream, PolicyDocument policy, ProxyLimits? limits = null, TimeProvider? time = null,
        string? models = null) => StartAsync(upstream, policy, options => options with
        {
            Limits = limits ?? options.Limits, ModelsDirectory = models,
        }, time);

    /// <summary>A sidecar with options of the test's own.</summary>
    public static async Task<TestSidecar> StartAsync(
        Uri upstream, PolicyDocument policy, Func<SidecarOptions, SidecarOptions> change, TimeProvider? time = null)
    {
        var file = Path.Combine(Path.GetTempPath(), $"waf-policy-{Guid.NewGuid():n}.json");
        Write(file, policy);
        var log = new MemoryStream();
        var sidecar = new Sidecar(
            change(new SidecarOptions
            {
                Version = "test",
                Listeners = [new ProxyListener("http", new IPEndPoint(IPAddress.Loopback, 0), upstream)],
                Admin = new IPEndPoint(IPAddress.Loopback, 0),
                File = new PolicyFileOptions(file, Read),
                Limits = new ProxyLimits { DrainMax = TimeSpan.FromSeconds(5) },
                DecisionOutput = log,
            }),
            time ?? TimeProvider.System,
            Environment.GetEnvironmentVariable("WAF_TEST_LOGS") is null ? NullLoggerFactory.Instance
                : LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddSimpleConsole()));
        Assert.Null(sidecar.LoadPolicyFile());
        await sidecar.StartAsync(CancellationToken.None);
        return new TestSidecar(sidecar, file, log);
    }

    public static HttpClient Client(Uri address, Version? version = null) => new(new SocketsHttpHandler
    {
        UseProxy = false, AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None,
    })
    {
        BaseAddress = address,
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(30),
    };

    public HttpClient Client(Version? version = null) => Client(Address, version);

    /// <summary>A number of the metrics page; zero while it is not there.</summary>
    public double Metric(string series)
    {
        using var client = new HttpClient();
        using var answer = client.Send(new HttpRequestMessage(HttpMethod.Get, new Uri(Admin, "/metrics")));
        using var reader = new StreamReader(answer.Content.ReadAsStream());
        var line = reader.ReadToEnd().Split('\n')
            .FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0
            : double.Parse(line[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Puts another policy in the file and takes it up at once; what is wrong, if anything.</summary>
    public string? Change(PolicyDocument policy)
    {
        Write(_policyFile, policy);
        return _sidecar.LoadPolicyFile();
    }

    /// <summary>Stops the sidecar and reads what it wrote about its decisions.</summary>
    public async Task<IReadOnlyList<SecurityEvent>> EventsAsync()
    {
        await StopAsync();
        return [.. Lines().Select(line => JsonSerializer.Deserialize(line, ProtocolJson.Default.SecurityEvent)!)];
    }

    public IReadOnlyList<string> Lines() =>
        Encoding.UTF8.GetString(_log.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async Task StopAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        await _sidecar.StopAsync(TimeSpan.Zero);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _sidecar.DisposeAsync();
        File.Delete(_policyFile);
    }

    private static void Write(string file, PolicyDocument policy) =>
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(PolicyRevision.Seal(policy), ProtocolJson.Default.PolicyDocument));

    private static PolicyFileContent Read(string text, DateTimeOffset now) =>
        new(JsonSerializer.Deserialize(text, ProtocolJson.Default.PolicyDocument), [], null);
}
