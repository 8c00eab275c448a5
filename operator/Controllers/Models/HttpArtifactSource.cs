using System.Net;
using System.Net.Http.Headers;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>https:// and http://, with a bearer token or basic credentials out of a Secret.</summary>
public sealed class HttpArtifactSource(HttpClient http, ArtifactCredentials credentials) : IArtifactSource
{
    public IReadOnlyList<string> Schemes => ["https", "http"];

    public async Task<ArtifactFetch> FetchAsync(
        Uri uri, string ns, ModelArtifact artifact, long bytesMax, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            if (await credentials.ReadAsync(ns, artifact.CredentialsSecret, cancellationToken) is { } secret)
                request.Headers.Authorization = secret.Authorization;
            using var answer = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => await BoundedContent.ReadAsync(answer, bytesMax, cancellationToken),
                HttpStatusCode.NotFound or HttpStatusCode.Gone =>
                    ArtifactFetch.Never($"{uri.Host} has no such artifact (HTTP {(int)answer.StatusCode})"),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                    ArtifactFetch.Never($"{uri.Host} refused the credentials (HTTP {(int)answer.StatusCode}); see spec.artifact.credentialsSecret"),
                _ => ArtifactFetch.Later($"{uri.Host} answered HTTP {(int)answer.StatusCode}"),
            };
        }
        catch (HttpRequestException failure)
        {
            return ArtifactFetch.Later($"{uri.Host} cannot be reached: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ArtifactFetch.Later($"{uri.Host} did not answer in time");
        }
    }
}

/// <summary>Credentials of a source.</summary>
public sealed record ArtifactSecret(AuthenticationHeaderValue? Authorization, string? AccessKey, string? SecretKey)
{
    // Never shown.
    public override string ToString() => "credentials";
}
