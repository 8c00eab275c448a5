using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// s3://BUCKET/KEY, signed with AWS Signature Version 4 by the access key of a Secret, or unsigned without one. The
/// query parameters <c>endpoint</c> and <c>region</c> name another server (MinIO, Ceph) and region. One GET of one
/// object needs no client library.
/// </summary>
public sealed class S3ArtifactSource(HttpClient http, ArtifactCredentials credentials, TimeProvider time)
    : IArtifactSource
{
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public IReadOnlyList<string> Schemes => ["s3"];

    public async Task<ArtifactFetch> FetchAsync(
        Uri uri, string ns, ModelArtifact artifact, long bytesMax, CancellationToken cancellationToken)
    {
        var query = System.Web.HttpUtility.ParseQueryString(uri.Query);
        var region = query["region"] ?? "us-east-1";
        var target = query["endpoint"] is { } endpoint
            ? new Uri($"{endpoint.TrimEnd('/')}/{uri.Host}{uri.AbsolutePath}")
            : new Uri($"https://{uri.Host}.s3.{region}.amazonaws.com{uri.AbsolutePath}");
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            if (await credentials.ReadAsync(
                ns, artifact.CredentialsSecret, cancellationToken) is { AccessKey: { } key, SecretKey: { } secret })
                Sign(request, target, region, key, secret, time.GetUtcNow());
            using var answer = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.OK) return await BoundedContent.ReadAsync(
                answer, bytesMax, cancellationToken);
            var words = $"{target.Host} answered HTTP {(int)answer.StatusCode} for {uri.Host}{uri.AbsolutePath}";
            return (int)answer.StatusCode is 403 or 404 ? ArtifactFetch.Never(words) : ArtifactFetch.Later(words);
        }
        catch (HttpRequestException failure)
        {
            return ArtifactFetch.Later($"{target.Host} cannot be reached: {failure.Message}");
        }
    }

    internal static void Sign(
        HttpRequestMessage request, Uri target, string region, string accessKey, string secretKey, DateTimeOffset now)
    {
        var stamp = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var day = stamp[..8];
        var host = target.IsDefaultPort ? target.Host : target.Authority;
        const string signedHeaders = "host;x-amz-content-sha256;x-amz-date";
        var canonical = string.Join(
            '\n', "GET", target.AbsolutePath, "", $"host:{host}", $"x-amz-content-sha256:{EmptyHash}",
            $"x-amz-date:{stamp}", "", signedHeaders, EmptyHash);
        var scope = $"{day}/{region}/s3/aws4_request";
        var toSign = string.Join(
            '\n', "AWS4-HMAC-SHA256", stamp, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var key = Mac(Mac(Mac(Mac(Encoding.UTF8.GetBytes("AWS4" + secretKey), day), region), "s3"), "aws4_request");
        var signature = Hex(Mac(key, toSign));
        request.Headers.TryAddWithoutValidation("x-amz-date", stamp);
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", EmptyHash);
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope}, SignedHeaders={signedHeaders}, Signature={signature}");
    }

    private static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
