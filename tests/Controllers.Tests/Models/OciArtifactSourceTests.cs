using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>oci:// against the registry that Debian has (docker-registry).</summary>
[Collection(ApiServerCollection.Name)]
public sealed class OciArtifactSourceTests(TestApiServer server)
{
    private const string Program = "/usr/bin/docker-registry";

    [InstalledFact(Program, "docker-registry")]
    public async Task Fetch_OfAPushedArtifact_GivesItsBytesByTagAndByDigest()
    {
        await using var registry = await RegistryAsync();
        var content = "a model package"u8.ToArray();
        var manifest = await registry.PushAsync("models/gate", "1.0.0", content);

        foreach (var reference in new[] { ":1.0.0", "@" + manifest })
        {
            var fetch = await FetchAsync($"oci://127.0.0.1:{registry.Port}/models/gate{reference}");
            Assert.Null(fetch.Error);
            Assert.Equal(content, (await fetch.Content!.ReadAsync(CancellationToken.None)).ToArray());
        }
    }

    [InstalledFact(Program, "docker-registry")]
    public async Task Fetch_OfWhatIsNotThereOrTooLarge_SaysNoMoreThanThat()
    {
        await using var registry = await RegistryAsync();
        await registry.PushAsync("models/gate", "1.0.0", new byte[2_000]);

        var absent = await FetchAsync($"oci://127.0.0.1:{registry.Port}/models/gate:2.0.0");
        Assert.NotNull(absent.Error);
        Assert.DoesNotContain("404", absent.Error, StringComparison.Ordinal);
        var large = await FetchAsync($"oci://127.0.0.1:{registry.Port}/models/gate:1.0.0", bytesMax: 1_999);
        Assert.True(large.IsFinal);
        Assert.Contains("sizeLimit", large.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_FromNobody_IsTriedAgain()
    {
        var fetch = await FetchAsync($"oci://127.0.0.1:{TestApiServer.FreePort()}/models/gate:1.0.0");

        Assert.False(fetch.IsFinal);
        Assert.NotNull(fetch.Error);
    }

    private async Task<ArtifactFetch> FetchAsync(string uri, long bytesMax = 1 << 20)
    {
        using var client = server.Client();
        using var outside = TestOutside.Loopback(null, new Uri(uri).Authority);
        var source = new OciArtifactSource(outside.Transport, new ArtifactCredentials(client));
        return await source.FetchAsync(
            new WantedArtifact(new Uri(uri), "default", new ModelArtifact(), bytesMax), CancellationToken.None);
    }

    private async Task<Registry> RegistryAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, Path.GetRandomFileName())).FullName;
        var port = TestApiServer.FreePort();
        var settings = Path.Combine(folder, "config.yml");
        await File.WriteAllTextAsync(settings, $$"""
            version: 0.1
            storage:
              filesystem:
                rootdirectory: {{folder}}/blobs
            http:
              addr: 127.0.0.1:{{port}}
            """);
        var registry = new Registry(
            ChildProcess.Start(Path.Combine(folder, "log"), Program, "serve", settings), port);
        await Eventually.TrueAsync(registry.IsReadyAsync, "the registry answers");
        return registry;
    }

    private sealed class Registry(ChildProcess process, int port) : IAsyncDisposable
    {
        private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}/v2/") };

        public int Port => port;

        public async Task<bool> IsReadyAsync()
        {
            try
            {
                return (await _http.GetAsync(new Uri("", UriKind.Relative))).StatusCode is HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }

        /// <summary>Pushes an artifact of one layer; gives the digest of its manifest.</summary>
        public async Task<string> PushAsync(string repository, string tag, byte[] content)
        {
            var settings = "{}"u8.ToArray();
            await UploadAsync(repository, content);
            await UploadAsync(repository, settings);
            var manifest = Encoding.UTF8.GetBytes(new JsonObject
            {
                ["schemaVersion"] = 2,
                ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
                ["config"] = Descriptor("application/vnd.wafoperator.model.v1+json", settings),
                ["layers"] = new JsonArray(Descriptor("application/vnd.wafoperator.model.v1.tar", content)),
            }.ToJsonString());
            using var body = new ByteArrayContent(manifest);
            body.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
            using var put = await _http.PutAsync(new Uri($"{repository}/manifests/{tag}", UriKind.Relative), body);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
            return ModelPackageReader.DigestOf(manifest);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await process.DisposeAsync();
        }

        private async Task UploadAsync(string repository, byte[] content)
        {
            using var begin = await _http.PostAsync(new Uri($"{repository}/blobs/uploads/", UriKind.Relative), null);
            var location = begin.Headers.Location!.ToString();
            var sign = location.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var digest = Uri.EscapeDataString(ModelPackageReader.DigestOf(content));
            using var body = new ByteArrayContent(content);
            body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var put = await _http.PutAsync(
                new Uri(string.Create(CultureInfo.InvariantCulture, $"{location}{sign}digest={digest}")), body);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        private static JsonObject Descriptor(string type, byte[] content) => new()
        {
            ["mediaType"] = type, ["digest"] = ModelPackageReader.DigestOf(content), ["size"] = content.Length,
        };
    }
}
