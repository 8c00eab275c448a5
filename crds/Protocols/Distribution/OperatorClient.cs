using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Protocols.Distribution;

/// <summary>Where the operator is, and what proves who we are. Files are read again when they change.</summary>
/// <param name="Url">Base URL of the distribution port, https.</param>
/// <param name="TokenFile">Projected service-account token; the kubelet rotates it.</param>
/// <param name="CaFile">PEM bundle that the operator's certificate must chain to; null uses the system's.</param>
public sealed record OperatorAddress(Uri Url, string? TokenFile, string? CaFile);

/// <summary>Outcome of asking for a document.</summary>
public enum DocumentAnswerKind
{
    /// <summary>There is another revision: <see cref="DocumentAnswer.Body"/>.</summary>
    Changed,

    /// <summary>Nothing changed.</summary>
    Unchanged,

    /// <summary>There is no such document.</summary>
    Missing,

    /// <summary>The operator could not be asked, or refused: <see cref="DocumentAnswer.Problem"/>.</summary>
    Failed,
}

/// <summary>What the operator answered.</summary>
public readonly record struct DocumentAnswer(
    DocumentAnswerKind Kind, byte[]? Body = null, string? Problem = null, string? Revision = null);

/// <summary>What became of what was sent.</summary>
public enum ShippingOutcome
{
    /// <summary>The operator has it.</summary>
    Taken,

    /// <summary>The operator will never take it.</summary>
    Refused,

    /// <summary>Not now: try again.</summary>
    Failed,
}

/// <summary>
/// Calls the operator's distribution port (crds/Protocols/Distribution.md). Failures are values. Thread-safe.
/// </summary>
public sealed class OperatorClient : IDisposable
{
    /// <summary>Longest document, bytes.</summary>
    public const int DocumentBytesMax = 16 * 1024 * 1024;

    private readonly OperatorAddress _address;
    private readonly HttpClient _client;
    private readonly TrustedRoots? _roots;

    public OperatorClient(OperatorAddress address)
    {
        _address = address;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (address.CaFile is not null)
        {
            _roots = new TrustedRoots(address.CaFile);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                _roots.Trusts(certificate as X509Certificate2, chain, errors);
        }

        _client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(90), BaseAddress = address.Url };
    }

    /// <summary>
    /// Waits up to <paramref name="wait"/> for a policy of another revision than <paramref name="have"/>.
    /// </summary>
    public Task<DocumentAnswer> GetPolicyAsync(
        string ns, string name, string? have, TimeSpan wait, CancellationToken cancellationToken) =>
        GetDocumentAsync("policies", ns, name, (have, wait), cancellationToken);

    /// <summary>The same for the document of an inference pool.</summary>
    public Task<DocumentAnswer> GetPoolAsync(
        string ns, string name, string? have, TimeSpan wait, CancellationToken cancellationToken) =>
        GetDocumentAsync("pools", ns, name, (have, wait), cancellationToken);

    /// <summary>The same for how many replicas a policy has.</summary>
    public Task<DocumentAnswer> GetReplicasAsync(
        string ns, string name, string? have, TimeSpan wait, CancellationToken cancellationToken) =>
        GetDocumentAsync("replicas", ns, name, (have, wait), cancellationToken);

    /// <summary>
    /// A policy as single requests are judged by it, for the console; its revision is that of the policy.
    /// </summary>
    public Task<DocumentAnswer> GetJudgingAsync(
        string ns, string name, string? have, CancellationToken cancellationToken) =>
        GetDocumentAsync("judging", ns, name, (have, TimeSpan.Zero), cancellationToken);

    /// <summary>What all replicas of a policy learned together, if it differs from <paramref name="have"/>.</summary>
    public Task<DocumentAnswer> GetLearningAsync(
        string ns, string name, string? have, CancellationToken cancellationToken) =>
        GetDocumentAsync("learning", ns, name, (have, TimeSpan.Zero), cancellationToken);

    /// <summary>Ships events, as JSON lines.</summary>
    public Task<ShippingOutcome> PostEventsAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellationToken) =>
        PostAsync("v1/events", lines, "application/x-ndjson", cancellationToken);

    /// <summary>Tells what a sidecar is, as JSON of its status.</summary>
    public Task<ShippingOutcome> PostStatusAsync(ReadOnlyMemory<byte> status, CancellationToken cancellationToken) =>
        PostAsync("v1/status", status, "application/json", cancellationToken);

    private async Task<ShippingOutcome> PostAsync(
        string path, ReadOnlyMemory<byte> body, string type, CancellationToken cancellationToken)
    {
        try
        {
            using var request = await RequestAsync(HttpMethod.Post, path, cancellationToken);
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            using var response = await _client.SendAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode) return ShippingOutcome.Taken;
            return response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge
                ? ShippingOutcome.Refused
                : ShippingOutcome.Failed;
        }
        catch (Exception failure) when (IsOutage(failure, cancellationToken))
        {
            return ShippingOutcome.Failed;
        }
    }

    /// <summary>
    /// Fetches a blob into a stream; null when that worked, else what went wrong. The caller checks the digest.
    /// </summary>
    public async Task<string?> GetBlobAsync(
        string digest, Stream destination, long bytesMax, CancellationToken cancellationToken)
    {
        try
        {
            using var request = await RequestAsync(HttpMethod.Get, $"v1/blobs/{digest}", cancellationToken);
            using var response = await _client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode) return $"HTTP status {(int)response.StatusCode}";
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await CopyAsync(content, destination, bytesMax, cancellationToken)
                ? null
                : $"longer than {bytesMax} bytes";
        }
        catch (Exception failure) when (IsOutage(failure, cancellationToken))
        {
            return Describe(failure);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _roots?.Dispose();
    }

    private async Task<DocumentAnswer> GetDocumentAsync(
        string kind, string ns, string name, (string? Revision, TimeSpan Wait) have,
        CancellationToken cancellationToken)
    {
        var query = string.Create(
            CultureInfo.InvariantCulture,
            $"revision={Uri.EscapeDataString(have.Revision ?? "")}&wait={(int)have.Wait.TotalSeconds}");
        var path = $"v1/namespaces/{Uri.EscapeDataString(ns)}/{kind}/{Uri.EscapeDataString(name)}?{query}";
        try
        {
            using var request = await RequestAsync(HttpMethod.Get, path, cancellationToken);
            using var response = await _client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => await ReadDocumentAsync(response, cancellationToken),
                HttpStatusCode.NotModified => new DocumentAnswer(DocumentAnswerKind.Unchanged),
                HttpStatusCode.NotFound => new DocumentAnswer(DocumentAnswerKind.Missing),
                _ => new DocumentAnswer(DocumentAnswerKind.Failed, Problem: $"HTTP status {(int)response.StatusCode}"),
            };
        }
        catch (Exception failure) when (IsOutage(failure, cancellationToken))
        {
            return new DocumentAnswer(DocumentAnswerKind.Failed, Problem: Describe(failure));
        }
    }

    private static async Task<DocumentAnswer> ReadDocumentAsync(
        HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        return await CopyAsync(content, body, DocumentBytesMax, cancellationToken)
            ? new(DocumentAnswerKind.Changed, body.ToArray(), Revision: response.Headers.ETag?.Tag.Trim('"'))
            : new(DocumentAnswerKind.Failed, Problem: $"a document longer than {DocumentBytesMax} bytes");
    }

    private static async Task<bool> CopyAsync(
        Stream source, Stream destination, long bytesMax, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        long total = 0;
        while (true)
        {
            var count = await source.ReadAsync(buffer, cancellationToken);
            if (count == 0) return true;
            if ((total += count) > bytesMax) return false;
            await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(
        HttpMethod method, string path, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, path);
        if (_address.TokenFile is { } file)
        {
            var token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return request;
    }

    /// <summary>A time-out is an outage; our own cancellation is not.</summary>
    private static bool IsOutage(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        HttpRequestException or IOException or UnauthorizedAccessException or FormatException => true,
        _ => false,
    };

    private static string Describe(Exception failure) => failure switch
    {
        OperationCanceledException => "no answer in time",
        HttpRequestException { InnerException: { } inner } => inner.Message,
        _ => failure.Message,
    };
}
