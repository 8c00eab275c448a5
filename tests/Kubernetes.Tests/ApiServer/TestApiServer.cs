using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>
/// A real kube-apiserver on a real etcd, on free ports of the loopback address, with files in a folder of its own.
/// There are no controllers: what is created stays as it is.
/// </summary>
public sealed class TestApiServer : IAsyncLifetime
{
    /// <summary>A user who may do everything.</summary>
    public const string AdminToken = "admin-token-4f1c";

    /// <summary>A user without any right.</summary>
    public const string NobodyToken = "nobody-token-77aa";

    private readonly TestCertificates _certificates = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-apiserver-").FullName;
    private readonly int _etcdPort = FreePort();
    private readonly int _apiPort = FreePort();
    private ChildProcess? _etcd;
    private ChildProcess? _api;
    private int _namespaces;

    public Uri Address => new($"https://127.0.0.1:{_apiPort}/");

    public string AuthorityPem => _certificates.AuthorityPem;

    /// <summary>Where files for a test may be put.</summary>
    public string Folder => _folder;

    public static RuntimeServices Services { get; } =
        new(TimeProvider.System, new Jitter(new Random(7)), NullLoggerFactory.Instance);

    public (string Certificate, string Key) ClientCertificate(string user, params string[] groups) =>
        _certificates.Client(user, groups);

    public async Task InitializeAsync()
    {
        var program = await KubernetesPrograms.ApiServerAsync();
        Write("authority.crt", _certificates.AuthorityPem);
        var (certificate, key) = _certificates.Server("127.0.0.1", "localhost", "kubernetes.test");
        Write("server.crt", certificate);
        Write("server.key", key);
        using var accounts = RSA.Create(2048);
        Write("accounts.key", accounts.ExportRSAPrivateKeyPem());
        Write("tokens.csv", $"{AdminToken},admin,1,\"system:masters\"\n{NobodyToken},nobody,2\n");
        StartEtcd();
        await UntilAsync("etcd", _etcd!, async http =>
            (await http.GetAsync(new Uri($"http://127.0.0.1:{_etcdPort}/health"))).IsSuccessStatusCode);
        StartApiServer(program);
        await UntilAsync("kube-apiserver", _api!, async http =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, "readyz"));
            request.Headers.Authorization = new("Bearer", AdminToken);
            return (await http.SendAsync(request)).IsSuccessStatusCode;
        });
    }

    public async Task DisposeAsync()
    {
        if (_api is not null) await _api.DisposeAsync();
        if (_etcd is not null) await _etcd.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A connection straight to the server, as a user with a token.</summary>
    public ClusterConnection Connection(string token = AdminToken) => ConnectionOf(KubeconfigFor(Address, token));

    /// <summary>The connection of a kubeconfig's text.</summary>
    public ClusterConnection ConnectionOf(string kubeconfig)
    {
        var path = Path.Combine(_folder, $"config-{Guid.NewGuid():n}");
        File.WriteAllText(path, kubeconfig);
        return ClusterLocator.Locate(new ClusterEnvironment { KubeconfigPath = path });
    }

    /// <summary>A connection to any address, with a token.</summary>
    public static ClusterConnection ConnectionTo(Uri address, string name, string token) =>
        new(name, new k8s.KubernetesClientConfiguration { Host = address.ToString(), AccessToken = token });

    /// <summary>A client straight to the server.</summary>
    public KubernetesClient Client(string token = AdminToken, ClientOptions? options = null) =>
        ClientOf(Connection(token), options);

    /// <summary>A client that goes through a fault proxy.</summary>
    public static KubernetesClient Client(FaultProxy proxy, ClientOptions? options = null) => ClientOf(
        ConnectionTo(proxy.Address, "faulty", AdminToken), options);

    /// <summary>A fault proxy in front of this server.</summary>
    public Task<FaultProxy> ProxyAsync() => FaultProxy.StartAsync(Address);

    /// <summary>A namespace of the test's own.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = $"test-{Interlocked.Increment(ref _namespaces)}";
        using var client = Client();
        var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        await client.CreateAsync(Kubernetes.Objects.BuiltIn.Namespaces, body, CancellationToken.None);
        return name;
    }

    public static KubernetesClient ClientOf(ClusterConnection connection, ClientOptions? options = null) => new(
        connection, options ?? new ClientOptions(), TimeProvider.System, NullLogger<KubernetesClient>.Instance);

    /// <summary>A kubeconfig with one context for a user with a token.</summary>
    public string KubeconfigFor(Uri server, string token) => $"""
        apiVersion: v1
        kind: Config
        current-context: test
        clusters:
        - name: test
          cluster:
            server: {server}
            certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(AuthorityPem))}
        users:
        - name: user
          user: {"{"} token: {token} {"}"}
        contexts:
        - name: test
          context: {"{"} cluster: test, user: user {"}"}
        """;

    /// <summary>Drops all history from etcd: versions older than now can no longer be listed or watched.</summary>
    public async Task CompactAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_etcdPort}/") };
        using var range = JsonContent.Create(new { key = Convert.ToBase64String("x"u8) });
        using var answer = await http.PostAsync(new Uri("v3/kv/range", UriKind.Relative), range);
        var header = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["header"]!;
        using var compact = JsonContent.Create(
            new { revision = header["revision"]!.GetValue<string>(), physical = true });
        using var done = await http.PostAsync(new Uri("v3/kv/compaction", UriKind.Relative), compact);
        done.EnsureSuccessStatusCode();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void StartEtcd()
    {
        var client = $"http://127.0.0.1:{_etcdPort}";
        var peer = $"http://127.0.0.1:{FreePort()}";
        _etcd = ChildProcess.Start(
            Path.Combine(_folder, "etcd.log"), "etcd", "--name", "test", "--data-dir", Path.Combine(_folder, "etcd"),
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", $"test={peer}", "--log-level", "warn",
            "--unsafe-no-fsync");
    }

    private void StartApiServer(string program) => _api = ChildProcess.Start(
        Path.Combine(_folder, "apiserver.log"), program,
        "--etcd-servers", $"http://127.0.0.1:{_etcdPort}", "--bind-address", "127.0.0.1",
        "--secure-port", $"{_apiPort}", "--advertise-address", "127.0.0.1", "--authorization-mode", "RBAC",
        "--tls-cert-file", FileOf("server.crt"), "--tls-private-key-file", FileOf("server.key"),
        "--client-ca-file", FileOf("authority.crt"), "--token-auth-file", FileOf("tokens.csv"),
        "--service-account-issuer", "https://kubernetes.test", "--service-account-key-file", FileOf("accounts.key"),
        "--service-account-signing-key-file", FileOf("accounts.key"),
        "--api-audiences", "https://kubernetes.test,waf-test",
        "--service-cluster-ip-range", "10.96.0.0/16", "--disable-admission-plugins", "ServiceAccount",
        // Straight from etcd, so that its compaction shows.
        "--watch-cache-sizes", "limitranges#0", "--allow-privileged", "--profiling=false");

    private async Task UntilAsync(string what, ChildProcess program, Func<HttpClient, Task<bool>> ready)
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        for (var attempt = 0; attempt < 1800; attempt++)
        {
            if (program.HasExited) break;
            try
            {
                if (await ready(http)) return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Not yet.
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException($"{what} did not become ready:\n{program.LogTail()}");
    }

    private string FileOf(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text) => File.WriteAllText(FileOf(name), text);
}
