using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Outside;

/// <summary>
/// The only place of the operator, besides the API server's client, that opens connections. Names are resolved here,
/// each address is checked, and the checked address is the one connected to: a second resolution could give another.
/// Thread-safe.
/// </summary>
public sealed class OutsideConnections : IDisposable
{
    private const int PodAnswerBytesMax = 1 << 20;

    /// <param name="rules">What may be called.</param>
    /// <param name="limits">Bounds of each call.</param>
    /// <param name="outside">Handler for checked calls.</param>
    /// <param name="pods">Handler for calls to pods.</param>
    internal OutsideConnections(
        OutsideRules rules, OutsideLimits limits, HttpMessageHandler outside, HttpMessageHandler pods)
    {
        (Rules, Limits) = (rules, limits);
        Outside = new HttpClient(outside) { Timeout = Timeout.InfiniteTimeSpan };
        Pods = new HttpClient(pods)
        {
            Timeout = TimeSpan.FromMinutes(1), MaxResponseContentBufferSize = PodAnswerBytesMax,
        };
    }

    internal OutsideRules Rules { get; }

    internal OutsideLimits Limits { get; }

    /// <summary>For calls whose addresses people write.</summary>
    internal HttpClient Outside { get; }

    /// <summary>For calls to pods, by the address in their status: no redirects, bounded answers.</summary>
    public HttpClient Pods { get; }

    public static OutsideConnections Create(OutsideRules rules, OutsideLimits limits)
    {
        var outside = Handler(limits);
        outside.ConnectCallback = (context, cancellationToken) =>
            ConnectAsync(rules, limits, context.DnsEndPoint, cancellationToken);
        return new OutsideConnections(rules, limits, outside, Handler(limits));
    }

    /// <summary>
    /// A client for the other replicas of the operator, by their pods' addresses: they all serve one certificate, and
    /// nothing else is trusted.
    /// </summary>
    /// <param name="isOurs">True for the certificate that this replica serves, too.</param>
    public static HttpClient ForReplicas(Func<X509Certificate2, bool> isOurs)
    {
        var handler = Handler(OutsideLimits.Default);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            certificate is X509Certificate2 presented && isOurs(presented);
        return new HttpClient(handler)
        {
            Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = PodAnswerBytesMax,
        };
    }

    public void Dispose()
    {
        Outside.Dispose();
        Pods.Dispose();
    }

    private static SocketsHttpHandler Handler(OutsideLimits limits) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = limits.ConnectTimeMax * 3,
        MaxResponseHeadersLength = limits.HeaderKibibytesMax,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
        UseProxy = false,
    };

    /// <summary>A connection to a checked address of a host, for protocols besides HTTP.</summary>
    /// <exception cref="OutsideNotAllowedException">The host leads to an address that may not be called.</exception>
    /// <exception cref="SocketException">Nobody takes the connection.</exception>
    public static async ValueTask<Stream> ConnectAsync(
        OutsideRules rules, OutsideLimits limits, DnsEndPoint endpoint, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(OutsideRules.NameOf(endpoint.Host), out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken);
        var allowed = addresses.Where(address => rules.Allows(endpoint.Host, endpoint.Port, address))
            .Take(limits.AddressesMax).ToList();
        // One forbidden address makes the name a forbidden one: which of them is taken is not the name owner's choice.
        if (allowed.Count < Math.Min(addresses.Length, limits.AddressesMax)) throw new OutsideNotAllowedException(
            $"{endpoint.Host} resolves to {string.Join(", ", addresses.AsEnumerable())}");
        Exception last = new SocketException((int)SocketError.HostNotFound);
        foreach (var address in allowed)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(limits.ConnectTimeMax);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, endpoint.Port, limit.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                last = failure is SocketException ? failure : new SocketException((int)SocketError.TimedOut);
            }
        }

        throw last;
    }
}

/// <summary>A name led to an address that may not be called.</summary>
public sealed class OutsideNotAllowedException(string message) : IOException(message);
