using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace WafOperator.Controllers.Models;

/// <summary>
/// s3://BUCKET/KEY, signed with the access key of a Secret (and the session token that belongs to a temporary one), or
/// unsigned without one. The query parameters <c>endpoint</c> and <c>region</c> name another server (MinIO, Ceph) and
/// region.
/// </summary>
/// <remarks>
/// Amazon's library makes and signs the address, which it knows every rule of; the request is the product's own, like
/// every call outside: allowed addresses, no more bytes than <c>sizeLimit</c>, never whole in memory, no retries of its
/// own.
/// </remarks>
public sealed class S3ArtifactSource(ArtifactTransport transport, ArtifactCredentials credentials) : IArtifactSource
{
    private const string DefaultRegion = "us-east-1";

    /// <summary>The download starts at once, and may go on after that.</summary>
    private static readonly TimeSpan SignedFor = TimeSpan.FromMinutes(5);

    public IReadOnlyList<string> Schemes => ["s3"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        if (S3Object.Of(wanted.Uri) is not { } asked)
            return ArtifactFetch.Never("the s3 URI needs a bucket, a key, and as endpoint, if any, an address");
        var secret = await credentials.ReadAsync(wanted, asked.Unsigned, cancellationToken);
        if (secret.Refusal is { } refusal) return ArtifactFetch.Later(refusal);
        if (secret is not { AccessKey: { Length: > 0 } key, SecretKey: { Length: > 0 } secretKey })
            return await transport.DownloadAsync(wanted.Get(asked.Unsigned), cancellationToken);
        AWSCredentials signer = secret.SessionToken is { Length: > 0 } token
            ? new SessionAWSCredentials(key, secretKey, token) : new BasicAWSCredentials(key, secretKey);
        if (Sign(asked, signer) is not { } signed) return ArtifactFetch.Never(
            "the s3 URI cannot be signed: bucket or region are odd");
        return await transport.DownloadAsync(wanted.Get(signed) with { IsSigned = true }, cancellationToken);
    }

    private static Uri? Sign(S3Object asked, AWSCredentials signer)
    {
        var config = new AmazonS3Config();
        if (asked.Endpoint is { } endpoint)
            (config.ServiceURL, config.ForcePathStyle, config.AuthenticationRegion) =
                (endpoint.ToString(), true, asked.Region);
        else
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(asked.Region);
        try
        {
            using var client = new AmazonS3Client(signer, config);
            return new Uri(client.GetPreSignedURL(new GetPreSignedUrlRequest
            {
                BucketName = asked.Bucket,
                Key = asked.Key,
                Verb = HttpVerb.GET,
                Protocol = asked.Unsigned.Scheme == "http" ? Protocol.HTTP : Protocol.HTTPS,
                Expires = TimeProvider.System.GetUtcNow().UtcDateTime + SignedFor,
            }));
        }
        catch (Exception failure) when (failure is AmazonClientException or ArgumentException or UriFormatException)
        {
            return null;
        }
    }

    /// <summary>An object, and where it is.</summary>
    internal sealed record S3Object(string Bucket, string Key, string Region, Uri? Endpoint, Uri Unsigned)
    {
        /// <summary>Null when the URI names none.</summary>
        public static S3Object? Of(Uri uri)
        {
            var query = System.Web.HttpUtility.ParseQueryString(uri.Query);
            var region = query["region"] ?? DefaultRegion;
            var key = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
            if (uri.Host.Length == 0 || key.Length == 0) return null;
            var path = string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
            Uri? endpoint = null;
            if (query["endpoint"] is { } text
                && (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out endpoint)
                    || endpoint.Scheme is not ("http" or "https")))
                return null;
            var address = endpoint is not null ? $"{endpoint}{uri.Host}/{path}"
                // A certificate's star stands for one label.
                : uri.Host.Contains('.', StringComparison.Ordinal)
                    ? $"https://s3.{region}.amazonaws.com/{uri.Host}/{path}"
                : $"https://{uri.Host}.s3.{region}.amazonaws.com/{path}";
            return Uri.TryCreate(address, UriKind.Absolute, out var unsigned)
                ? new S3Object(uri.Host, key, region, endpoint, unsigned) : null;
        }
    }
}
