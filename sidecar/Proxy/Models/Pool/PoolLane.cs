using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using WafOperator.Protocols.Inference;

namespace WafOperator.Proxy.Models.Pool;

/// <summary>What one request to a pool ended with.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Logits">The answer, or null.</param>
internal readonly record struct LaneAnswer(PoolOutcome Outcome, float[]? Logits = null);

/// <summary>
/// Connections to a pool: HTTP/2, reused, and renewed from time to time, so that a sidecar does not stay with one of
/// the pool's servers for ever. Failures are values. Thread-safe.
/// </summary>
internal sealed class PoolLane : IDisposable
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromSeconds(60);

    private static readonly MediaTypeHeaderValue Compact = new(InferenceProtocol.CompactMediaType);

    private readonly HttpMessageInvoker _client;
    private readonly Uri _pool;

    private readonly Func<PoolAccess?> _access;
    private readonly TimeProvider _time;

    /// <param name="pool">Base URL of the pool.</param>
    /// <param name="access">Its key now, or null.</param>
    /// <param name="time">Clock.</param>
    public PoolLane(Uri pool, Func<PoolAccess?> access, TimeProvider time)
    {
        (_pool, _access, _time) = (pool, access, time);
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            PooledConnectionLifetime = ConnectionLifetime,
            // A server that went without a word is noticed within seconds, not when the kernel gives up.
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
        });
    }

    /// <summary>Asks once.</summary>
    public async Task<LaneAnswer> AskAsync(PoolCall call, TimeSpan left, CancellationToken cancellationToken)
    {
        using var request = RequestOf(call, left);
        var signed = Sign(request, call.Body);
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            if (response.StatusCode is not HttpStatusCode.OK) return new(OutcomeOf(response.StatusCode));
            var length = CompactResponse.SizeOf(call.Count);
            if (response.Content.Headers.ContentLength != length) return new(PoolOutcome.Refused);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!IsOfThePool(response, signed, body)) return new(PoolOutcome.Refused);
            var logits = new float[call.Count];
            return CompactResponse.Read(body, logits) is null
                ? new LaneAnswer(PoolOutcome.Answered, logits)
                : new LaneAnswer(PoolOutcome.Refused);
        }
        catch (OperationCanceledException)
        {
            return new(PoolOutcome.TimedOut);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return new(PoolOutcome.Failed);
        }
    }

    /// <summary>Reads a page of the pool; null when it cannot be had.</summary>
    public async Task<(HttpStatusCode? Status, byte[]? Body)> GetAsync(
        string path, int bytesMax, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_pool, path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var signed = Sign(request, []);
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentLength is not { } length || length > bytesMax)
                return (response.StatusCode, null);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return (response.StatusCode, IsOfThePool(response, signed, body) ? body : null);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return (null, null);
        }
    }

    public void Dispose() => _client.Dispose();

    private SignedCall? Sign(HttpRequestMessage request, byte[] body)
    {
        if (_access() is not { } access) return null;
        var signed = access.Call(request.Method.Method, request.RequestUri!.AbsolutePath, body, _time.GetUtcNow());
        request.Headers.Add(PoolAccess.CallHeader, signed.Header);
        return signed;
    }

    /// <summary>Whoever answers in the pool's place without its key could rate every attack low.</summary>
    private static bool IsOfThePool(HttpResponseMessage response, SignedCall? signed, byte[] body) => signed is null
        || signed.IsAnswer(
            response.Headers.TryGetValues(PoolAccess.AnswerHeader, out var proofs) ? proofs.FirstOrDefault() : null,
            (int)response.StatusCode, body);

    private HttpRequestMessage RequestOf(PoolCall call, TimeSpan left)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_pool, call.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(call.Body),
        };
        request.Content.Headers.ContentType = Compact;
        var microseconds = (long)Math.Max(1, left.TotalMicroseconds);
        request.Headers.Add(InferenceProtocol.DeadlineHeader, microseconds.ToString(CultureInfo.InvariantCulture));
        if (!call.IsDeciding) request.Headers.Add(InferenceProtocol.PriorityHeader, "1");
        return request;
    }

    private static PoolOutcome OutcomeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.GatewayTimeout => PoolOutcome.TimedOut,
        >= HttpStatusCode.InternalServerError => PoolOutcome.Failed,
        _ => PoolOutcome.Refused,
    };
}

/// <summary>One question to a pool, ready to be sent as often as needed.</summary>
internal sealed record PoolCall(string Path, byte[] Body, int Count, bool IsDeciding);
