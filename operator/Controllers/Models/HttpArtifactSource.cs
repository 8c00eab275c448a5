namespace WafOperator.Controllers.Models;

/// <summary>https:// and http://; a bearer token or basic credentials out of a Secret over https only.</summary>
public sealed class HttpArtifactSource(ArtifactTransport transport, ArtifactCredentials credentials) : IArtifactSource
{
    private const int RedirectsMax = 3;

    public IReadOnlyList<string> Schemes => ["https", "http"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var secret = await credentials.ReadAsync(wanted, wanted.Uri, cancellationToken);
        if (secret.Refusal is { } refusal) return ArtifactFetch.Later(refusal);
        return await transport.DownloadAsync(
            wanted.Get(wanted.Uri) with { Authorization = secret.Authorization, RedirectsMax = RedirectsMax },
            cancellationToken);
    }
}
