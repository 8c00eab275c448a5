using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// oci://REGISTRY/REPOSITORY:TAG or @DIGEST: the first layer of an artifact (OCI Distribution Specification 1.1), with
/// the token exchange that registries ask for. <c>oci+http</c> does not exist; loopback registries are asked by http.
/// </summary>
public sealed class OciArtifactSource(HttpClient http, ArtifactCredentials credentials) : IArtifactSource
{
    private const int ManifestBytesMax = 4 << 20;

    public IReadOnlyList<string> Schemes => ["oci"];

    public async Task<ArtifactFetch> FetchAsync(
        Uri uri, string ns, ModelArtifact artifact, long bytesMax, CancellationToken cancellationToken)
    {
        var path = uri.AbsolutePath.TrimStart('/');
        var (repository, reference) = Split(path);
        if (repository.Length == 0) return ArtifactFetch.Never(
            "an oci URI is oci://REGISTRY/REPOSITORY:TAG or @sha256:…");
        var scheme = uri.IsLoopback ? "http" : "https";
        var root = $"{scheme}://{uri.Authority}/v2/{repository}";
        try
        {
            var secret = await credentials.ReadAsync(ns, artifact.CredentialsSecret, cancellationToken);
            var session = new Session(http, secret?.Authorization);
            using var manifest = await session.GetAsync($"{root}/manifests/{reference}", cancellationToken);
            if (!manifest.IsSuccessStatusCode) return Refused(uri, manifest.StatusCode);
            var read = await BoundedContent.ReadAsync(manifest, ManifestBytesMax, cancellationToken);
            if (read.Content is not { } json) return read;
            if (LayerOf(json) is not { } layer) return ArtifactFetch.Never("the OCI manifest has no layer");
            using var blob = await session.GetAsync($"{root}/blobs/{layer}", cancellationToken);
            return blob.IsSuccessStatusCode
                ? await BoundedContent.ReadAsync(blob, bytesMax, cancellationToken)
                : Refused(uri, blob.StatusCode);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException)
        {
            return ArtifactFetch.Later($"{uri.Authority}: {failure.Message}");
        }
    }

    private static ArtifactFetch Refused(Uri uri, HttpStatusCode status)
    {
        var words = $"{uri.Authority} answered HTTP {(int)status}";
        return status is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? ArtifactFetch.Never(words)
            : ArtifactFetch.Later(words);
    }

    private static (string Repository, string Reference) Split(string path)
    {
        var at = path.IndexOf('@', StringComparison.Ordinal);
        if (at > 0) return (path[..at], path[(at + 1)..]);
        var colon = path.LastIndexOf(':');
        return colon > 0 ? (path[..colon], path[(colon + 1)..]) : (path, "latest");
    }

    private static string? LayerOf(ReadOnlyMemory<byte> manifest)
    {
        using var document = JsonDocument.Parse(manifest);
        return document.RootElement.TryGetProperty("layers", out var layers) && layers.GetArrayLength() > 0
            ? layers[0].GetProperty("digest").GetString()
            : null;
    }

    /// <summary>Requests to one registry; answers a challenge once and keeps the token.</summary>
    private sealed class Session(HttpClient http, AuthenticationHeaderValue? basic)
    {
        private AuthenticationHeaderValue? _token;

        public async Task<HttpResponseMessage> GetAsync(string url, CancellationToken cancellationToken)
        {
            var answer = await SendAsync(url, cancellationToken);
            if (answer.StatusCode is not HttpStatusCode.Unauthorized
                || answer.Headers.WwwAuthenticate.FirstOrDefault(h => h.Scheme == "Bearer")
                    is not { Parameter: { } challenge })
                return answer;
            answer.Dispose();
            _token = new AuthenticationHeaderValue("Bearer", await TokenAsync(challenge, cancellationToken));
            return await SendAsync(url, cancellationToken);
        }

        private async Task<HttpResponseMessage> SendAsync(string url, CancellationToken cancellationToken)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Authorization = _token ?? basic;
            request.Headers.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
            request.Headers.Accept.ParseAdd("application/vnd.docker.distribution.manifest.v2+json");
            request.Headers.Accept.ParseAdd("*/*");
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }

        private async Task<string> TokenAsync(string challenge, CancellationToken cancellationToken)
        {
            var parameters = challenge.Split(',').Select(p => p.Split('=', 2))
                .Where(p => p.Length == 2).ToDictionary(p => p[0].Trim(), p => p[1].Trim('"', ' '));
            var realm = parameters.GetValueOrDefault("realm")
                ?? throw new HttpRequestException("the registry's challenge names no realm");
            var query = string.Join('&', parameters.Where(p => p.Key is "service" or "scope")
                .Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{realm}?{query}");
            request.Headers.Authorization = basic;
            using var answer = await http.SendAsync(request, cancellationToken);
            answer.EnsureSuccessStatusCode();
            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
            return (document.RootElement.TryGetProperty("token", out var token)
                ? token.GetString()
                : document.RootElement.GetProperty("access_token").GetString()) ?? "";
        }
    }
}
