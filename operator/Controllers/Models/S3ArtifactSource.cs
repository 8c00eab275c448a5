using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Controllers.Outside;

namespace WafOperator.Controllers.Models;

/// <summary>
/// s3://BUCKET/KEY, signed with AWS Signature Version 4 by the access key of a Secret, or unsigned without one. The
/// query parameters <c>endpoint</c> and <c>region</c> name another server (MinIO, Ceph) and region. One GET of one
/// object needs no client library.
/// </summary>
public sealed class S3ArtifactSource(ArtifactTransport transport, ArtifactCredentials credentials, TimeProvider time)
    : IArtifactSource
{
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public IReadOnlyList<string> Schemes => ["s3"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var uri = wanted.Uri;
        var query = System.Web.HttpUtility.ParseQueryString(uri.Query);
        var region = query["region"] ?? "us-east-1";
        var text = query["endpoint"] is { } endpoint
            ? $"{endpoint.TrimEnd('/')}/{uri.Host}{uri.AbsolutePath}"
            : $"https://{uri.Host}.s3.{region}.amazonaws.com{uri.AbsolutePath}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var target))
            return ArtifactFetch.Never("the endpoint or region of the s3 URI does not make an address");
        var secret = await credentials.ReadAsync(wanted, target, cancellationToken);
        if (secret.Refusal is { } refusal) return ArtifactFetch.Later(refusal);
        var call = wanted.Get(target);
        if (secret is { AccessKey: { } key, SecretKey: { } secretKey })
            call = Sign(call, region, key, secretKey, time.GetUtcNow());
        return await transport.DownloadAsync(call, cancellationToken);
    }

    internal static OutsideCall Sign(
        OutsideCall call, string region, string accessKey, string secretKey, DateTimeOffset now)
    {
        var target = call.Uri;
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
        return call with
        {
            Headers = [new("x-amz-date", stamp), new("x-amz-content-sha256", EmptyHash)],
            Authorization = $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope}, SignedHeaders={signedHeaders}, "
                + $"Signature={signature}",
        };
    }

    private static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
