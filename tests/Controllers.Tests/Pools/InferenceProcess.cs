using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>
/// The real inference server as a process, with a released package, on a loopback address of its own.
/// </summary>
internal sealed class InferenceProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private InferenceProcess(ChildProcess process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>The newest released package that a pool could serve.</summary>
    public static string PackageFile { get; } = Directory
        .GetFiles(Path.Combine(KubernetesPrograms.RepositoryRoot(), "models", "packages"), "payload-cnn-*.tar")
        .Order(StringComparer.Ordinal).Last();

    public static async Task<InferenceProcess> StartAsync(string address, int port, string precision)
    {
        var folder = Directory.CreateTempSubdirectory("waf-pool-server-").FullName;
        File.Copy(PackageFile, Path.Combine(folder, Path.GetFileName(PackageFile)));
        var process = ChildProcess.Start(
            Path.Combine(folder, "server.log"), "dotnet", Path.Combine(AppContext.BaseDirectory, "waf-inference.dll"),
            "--models", folder, "--listen", $"http://{address}:{port}", "--precision", precision, "--workers", "1");
        using var http = new HttpClient();
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(process.HasExited, process.LogTail());
                try
                {
                    using var ready = await http.GetAsync(new Uri($"http://{address}:{port}/v2/health/ready"));
                    return ready.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the inference server is ready");
        return new InferenceProcess(process, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
