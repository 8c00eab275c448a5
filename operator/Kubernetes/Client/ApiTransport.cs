using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;

namespace WafOperator.Kubernetes.Client;

/// <summary>
/// Sends requests through the library's connection and credentials: the process's own limit, the server's Retry-After,
/// time limits, and errors as exceptions that name verb and resource. Safe for concurrent use.
/// </summary>
internal sealed class ApiTransport : IDisposable
{
    private const int ErrorBytesMax = 256 << 10;

    /// <summary>Data and errors of each port in channels of their own, as bytes.</summary>
    private const string ForwardProtocol = "v4.channel.k8s.io";
    private readonly ClusterConnection _connection;
    private readonly ClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly k8s.Kubernetes _kubernetes;
    private readonly RequestThrottle _throttle;

    public ApiTransport(ClusterConnection connection, ClientOptions options, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _options = options;
        _time = time;
        _logger = logger;
        _kubernetes = connection.Open();
        _throttle = new RequestThrottle(options.RequestsPerSecond, options.Burst, time);
    }

    /// <summary>The whole answer of a request that succeeded.</summary>
    public async Task<byte[]> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var limit = new CancellationTokenSource(_options.RequestTimeMax, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                return await AttemptAsync(request, both.Token, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw Unreachable(request.Target, $"no answer within {_options.RequestTimeMax.TotalSeconds:0} s", null);
            }
            catch (KubernetesApiException e) when (WaitFor(request, e, attempt) is { } wait)
            {
                TransportLog.Throttled(_logger, request.Target.ToString(), e.Status.Code, wait.TotalSeconds);
                RuntimeMetrics.Retries.Alone.Inc();
                await Task.Delay(wait, _time, cancellationToken);
            }
            catch (KubernetesUnreachableException e)
                when (attempt == 0 && request.Method == HttpMethod.Get && BrokeOff(e))
            {
                // A pooled connection that the server had closed; reading again is harmless.
                RuntimeMetrics.Retries.Alone.Inc();
            }
        }
    }

    /// <summary>
    /// The running answer of a watch; the caller disposes it. Only the headers are under the time limit.
    /// </summary>
    public async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.RequestTimeMax, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _throttle.WaitAsync(cancellationToken);
            return await ExchangeAsync(request, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(request.Target, $"no answer within {_options.RequestTimeMax.TotalSeconds:0} s", null);
        }
    }

    /// <summary>A port of a pod, through the API server and the pod's node; the caller disposes of it.</summary>
    public async Task<k8s.StreamDemuxer> ForwardAsync(
        ApiTarget target, NamespacedName pod, int port, CancellationToken cancellationToken)
    {
        try
        {
            var socket = await _kubernetes.WebSocketNamespacedPodPortForwardAsync(
                pod.Name, pod.Namespace, [port], ForwardProtocol, null, cancellationToken);
            var ports = new k8s.StreamDemuxer(socket, k8s.StreamType.PortForward, ownsSocket: true);
            ports.Start();
            return ports;
        }
        catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or HttpRequestException or IOException
            or k8s.Autorest.HttpOperationException or k8s.KubernetesException)
        {
            throw new KubernetesUnreachableException(
                target, $"cannot {target}: {FirstLine(e.GetBaseException().Message)}", e);
        }
    }

    public void Dispose() => _kubernetes.Dispose();

    private async Task<byte[]> AttemptAsync(
        ApiRequest request, CancellationToken limited, CancellationToken cancellationToken)
    {
        var waited = await _throttle.WaitAsync(cancellationToken);
        if (waited > TimeSpan.Zero) RuntimeMetrics.ThrottleSeconds.Alone.Observe(waited.TotalSeconds);
        using var response = await ExchangeAsync(request, limited);
        try
        {
            return await ReadLimitedAsync(response, _options.ResponseBytesMax, limited)
                ?? throw Unreachable(
                    request.Target, $"the answer is larger than {_options.ResponseBytesMax} bytes", null);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Unreachable(request.Target, "the answer broke off", e);
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var response = await OnceAsync(request, cancellationToken);
        RuntimeMetrics.Request(request.Target, (int)response.StatusCode, _time.GetElapsedTime(started));
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            byte[] body;
            try
            {
                body = await ReadLimitedAsync(response, ErrorBytesMax, cancellationToken) ?? [];
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                body = []; // the code alone must do
            }

            var status = ApiStatus.Read((int)response.StatusCode, Encoding.UTF8.GetString(body), RetryAfter(response));
            throw new KubernetesApiException(request.Target, status);
        }
    }

    private async Task<HttpResponseMessage> OnceAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(
            request.Method, new Uri(_connection.Server, request.PathAndQuery.TrimStart('/')))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        try
        {
            await AuthorizeAsync(message, cancellationToken);
            return await _kubernetes.HttpClient.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            RuntimeMetrics.Request(request.Target, 0, TimeSpan.Zero);
            throw Unreachable(request.Target, Why(e), e);
        }
    }

    private async Task AuthorizeAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        try
        {
            if (_kubernetes.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(message, cancellationToken);
        }
        catch (Exception e) when (e.GetBaseException()
            is k8s.Exceptions.KubeConfigException or IOException or UnauthorizedAccessException)
        {
            // The library wraps what its token file or plug-in throws.
            var why = FirstLine(e.GetBaseException().Message);
            throw new KubeconfigException($"cannot get credentials for {_connection}: {why}", e);
        }
    }

    /// <summary>Whether a connection that once stood was lost, as opposed to one that never came about.</summary>
    private static bool BrokeOff(KubernetesUnreachableException e) => e.InnerException switch
    {
        IOException => true,
        HttpRequestException http => http.HttpRequestError is not (HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.ProxyTunnelError),
        _ => false,
    };

    private TimeSpan? WaitFor(ApiRequest request, KubernetesApiException e, int attempt) =>
        request.WaitsWhenThrottled && attempt < _options.ThrottledRetriesMax && e.IsTransient
        && e.Status.RetryAfter is { } wait && wait <= _options.RetryAfterMax
            ? wait
            : null;

    private KubernetesUnreachableException Unreachable(ApiTarget target, string why, Exception? inner) => new(
        target,
        $"cannot {target}: the API server {_connection} is not usable: {why}. " +
        "Next: check the address, the network and that the server runs",
        inner);

    private static string Why(HttpRequestException e) => e.InnerException switch
    {
        AuthenticationException { InnerException: { } tls } => $"TLS failed: {FirstLine(tls.Message)}",
        AuthenticationException tls => $"TLS failed: {FirstLine(tls.Message)}",
        { } inner => FirstLine(inner.Message),
        null => FirstLine(e.Message),
    };

    private static string FirstLine(string text) => text.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd('.');

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => TimeSpan.FromTicks(Math.Max(0, (date - _time.GetUtcNow()).Ticks)),
        _ => null,
    };

    /// <summary>The body, or null when it is larger than allowed.</summary>
    private static async Task<byte[]?> ReadLimitedAsync(
        HttpResponseMessage response, int bytesMax, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > bytesMax) return null;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream((int)(response.Content.Headers.ContentLength ?? 4096));
        var chunk = new byte[16 << 10];
        int count;
        while ((count = await stream.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + count > bytesMax) return null;
            buffer.Write(chunk, 0, count);
        }

        return buffer.ToArray();
    }
}
