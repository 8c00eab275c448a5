using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace WafOperator.E2e.Scenarios.Kinds;

/// <summary>Today's custom-resource API server (e2e/cluster/custom-resources) with our generated kinds in it.</summary>
public sealed class CustomResourceServer : IAsyncLifetime
{
    private static readonly TimeSpan BuildMax = TimeSpan.FromMinutes(25);
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-kinds-").FullName;
    private Process? _process;
    private HttpClient? _client;

    public static string RepositoryRoot
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "WafOperator.sln")))
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run outside of the repository");
            return folder;
        }
    }

    public async Task InitializeAsync()
    {
        if (Environment.ClusterFactAttribute.IsSkipped) return;
        _process = Process.Start(new ProcessStartInfo(Path.Combine(RepositoryRoot, "e2e", "cluster", "custom-resources"), [_folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        using var limit = new CancellationTokenSource(BuildMax);
        var line = await _process.StandardOutput.ReadLineAsync(limit.Token);
        Assert.True(line?.StartsWith("ready ", StringComparison.Ordinal), $"the custom-resource server did not start: {line}");
        _client = Connect(line!["ready ".Length..]);
        foreach (var file in Directory.GetFiles(Path.Combine(RepositoryRoot, "crds"), "*.yaml"))
        {
            var (status, text) = await SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", await File.ReadAllTextAsync(file));
            Assert.True(status == 201, $"{Path.GetFileName(file)}: {text}");
        }
        await Environment.Eventually.TrueAsync(TimeSpan.FromSeconds(30), "all kinds are served", async () =>
            (await SendAsync(HttpMethod.Get, "/apis/wafoperator.dev/v1alpha1/namespaces/default/wafpolicies")).Status == 200
            && (await SendAsync(HttpMethod.Get, "/apis/wafoperator.dev/v1alpha1/namespaces/default/inferencepools")).Status == 200);
    }

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await _process.WaitForExitAsync(limit.Token);
            _process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Sends YAML; <paramref name="mediaType"/> for server-side apply.</summary>
    public async Task<(int Status, string Text)> SendAsync(HttpMethod method, string path, string? yaml = null, string mediaType = "application/yaml")
    {
        using var request = new HttpRequestMessage(method, path);
        if (yaml is not null) request.Content = new StringContent(yaml, Encoding.UTF8, new MediaTypeHeaderValue(mediaType));
        using var response = await _client!.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private HttpClient Connect(string kubeconfig)
    {
        var server = File.ReadLines(kubeconfig).First(line => line.Contains("server:", StringComparison.Ordinal)).Split(": ")[1].Trim();
        var pki = Path.Combine(_folder, "pki");
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(pki, "ca.crt")));
        var admin = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "admin.crt"), Path.Combine(pki, "admin.key"));
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [admin],
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri(server) };
    }
}
