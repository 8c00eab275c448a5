using System.Text.Json;
using System.Text.RegularExpressions;
using WafOperator.Outside;

namespace WafOperator.Controllers.Models;

/// <summary>
/// oci://REGISTRY/REPOSITORY:TAG or @DIGEST: the first layer of an artifact (OCI Distribution Specification 1.1), with
/// the token exchange that registries ask for. Credentials go to the registry and to a token realm of the same host, or
/// of a host that their Secret names too. Loopback registries are asked by http.
/// </summary>
public sealed partial class OciArtifactSource(ArtifactTransport transport, ArtifactCredentials credentials)
    : IArtifactSource
{
    private const int ManifestBytesMax = 4 << 20;
    private const int TokenBytesMax = 64 << 10;
    private const int RedirectsMax = 3;

    public IReadOnlyList<string> Schemes => ["oci"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var uri = wanted.Uri;
        var (repository, reference) = Split(uri.AbsolutePath.TrimStart('/'));
        if (repository.Length == 0) return ArtifactFetch.Never(
            "an oci URI is oci://REGISTRY/REPOSITORY:TAG or @sha256:…");
        var root = new Uri($"{(uri.IsLoopback ? "http" : "https")}://{uri.Authority}/v2/{repository}/");
        var secret = await credentials.ReadAsync(wanted, root, cancellationToken);
        if (secret.Refusal is { } refusal) return ArtifactFetch.Later(refusal);

        var session = new Session(transport.Http, wanted, secret);
        var manifest = await session.ManifestAsync(new Uri(root, $"manifests/{reference}"), cancellationToken);
        if (manifest.Problem is { } problem) return ArtifactFetch.Of(problem, uri.Host);
        if (LayerOf(manifest.Body) is not { } layer)
            return ArtifactFetch.Later($"{uri.Host}: {OutsideWords.Of(OutsideProblem.Unanswered)}");
        return await transport.DownloadAsync(
            session.CallOf(new Uri(root, $"blobs/{layer}")) with { RedirectsMax = RedirectsMax }, cancellationToken);
    }

    private static (string Repository, string Reference) Split(string path)
    {
        var at = path.IndexOf('@', StringComparison.Ordinal);
        if (at > 0) return (path[..at], path[(at + 1)..]);
        var colon = path.LastIndexOf(':');
        return colon > 0 ? (path[..colon], path[(colon + 1)..]) : (path, "latest");
    }

    /// <summary>Digest of the first layer; null for whatever is no such manifest.</summary>
    internal static string? LayerOf(ReadOnlyMemory<byte> manifest)
    {
        try
        {
            using var document = JsonDocument.Parse(manifest);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("layers", out var layers) && layers.ValueKind is JsonValueKind.Array
                && layers.GetArrayLength() > 0 && layers[0] is { ValueKind: JsonValueKind.Object } first
                && first.TryGetProperty("digest", out var digest) && digest.ValueKind is JsonValueKind.String
                && DigestText().IsMatch(digest.GetString()!)
                ? digest.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Where a challenge asks to get a token, with service and scope; null when that is no URL.</summary>
    internal static Uri? RealmOf(string challenge)
    {
        var parameters = Parameter().Matches(challenge).GroupBy(m => m.Groups["name"].Value)
            .ToDictionary(g => g.Key, g => g.First().Groups["value"].Value);
        var query = string.Join('&', parameters.Where(p => p.Key is "service" or "scope")
            .Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        return Uri.TryCreate($"{parameters.GetValueOrDefault("realm")}?{query}", UriKind.Absolute, out var realm)
            ? realm : null;
    }

    [GeneratedRegex("^sha256:[0-9a-f]{64}$", RegexOptions.NonBacktracking)]
    private static partial Regex DigestText();

    [GeneratedRegex("(?<name>[a-z]+)=\"(?<value>[^\"]*)\"", RegexOptions.NonBacktracking)]
    private static partial Regex Parameter();

    /// <summary>Requests to one registry; answers a challenge once and keeps the token.</summary>
    private sealed class Session(OutsideHttp http, WantedArtifact wanted, ArtifactSecret secret)
    {
        private string? _token;

        public OutsideCall CallOf(Uri uri) => wanted.Get(uri) with
        {
            Authorization = _token is null ? secret.Authorization : $"Bearer {_token}",
            Headers =
            [
                new("Accept", "application/vnd.oci.image.manifest.v1+json, "
                    + "application/vnd.docker.distribution.manifest.v2+json, */*"),
            ],
        };

        public async Task<OutsideAnswer> ManifestAsync(Uri uri, CancellationToken cancellationToken)
        {
            var answer = await http.ReadAsync(CallOf(uri) with { BytesMax = ManifestBytesMax }, cancellationToken);
            if (answer.Challenge is not { } challenge) return answer;
            _token = await TokenAsync(challenge, uri, cancellationToken);
            return _token is null ? answer
                : await http.ReadAsync(CallOf(uri) with { BytesMax = ManifestBytesMax }, cancellationToken);
        }

        private async Task<string?> TokenAsync(string challenge, Uri registry, CancellationToken cancellationToken)
        {
            if (RealmOf(challenge) is not { } realm) return null;
            var isOurs = OutsideRules.NameOf(realm) == OutsideRules.NameOf(registry) || secret.IsFor(realm);
            var answer = await http.ReadAsync(
                new OutsideCall(HttpMethod.Get, realm, wanted.Subject)
                {
                    Authorization = isOurs ? secret.Authorization : null, BytesMax = TokenBytesMax,
                },
                cancellationToken);
            return answer.Problem is null ? TokenOf(answer.Body) : null;
        }

        private static string? TokenOf(ReadOnlyMemory<byte> answer)
        {
            try
            {
                using var document = JsonDocument.Parse(answer);
                if (document.RootElement.ValueKind is not JsonValueKind.Object) return null;
                return (document.RootElement.TryGetProperty("token", out var token)
                    || document.RootElement.TryGetProperty("access_token", out token))
                    && token.ValueKind is JsonValueKind.String ? token.GetString() : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
