using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using WafOperator.Outside;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Outgoing;

/// <summary>Who a server is, and who we are to it.</summary>
internal sealed record Peer
{
    /// <summary>Authorities of its certificate; null: the system's.</summary>
    public TrustedRoots? Roots { get; init; }

    /// <summary>Our certificate with its key, where it wants one.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>
    /// What may be called, where an author of objects wrote the address; null: the administrator did.
    /// </summary>
    public OutsideRules? Rules { get; init; }
}

/// <summary>
/// The one place where the console opens connections of its own: to the operator's replicas, and to the servers that
/// the administrator named (identity provider, sinks, alert receivers) or that objects name, within the rules of the
/// installation. No proxy of the environment, no redirects, no cookies; every call has an end.
/// </summary>
internal static class Connections
{
    /// <summary>Most bytes of an answer that is read whole.</summary>
    public const int AnswerBytesMax = 1 << 20;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A client of one replica: the certificate is that of the Service's name, the connection goes to the address.
    /// </summary>
    public static HttpClient ToReplica(Uri service, IPAddress replica, TrustedRoots? roots)
    {
        var handler = Handler();
        handler.AutomaticDecompression = DecompressionMethods.None;
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(replica, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        if (roots is not null) Trust(handler, roots);
        // A long poll answers within a minute.
        return new HttpClient(handler) { BaseAddress = service, Timeout = TimeSpan.FromSeconds(90) };
    }

    /// <summary>A client of the operator, whichever replica answers.</summary>
    public static OperatorClient ToOperator(OperatorAddress address) => new(address);

    /// <summary>A client of a server that the administrator named.</summary>
    /// <param name="timeout">End of a call.</param>
    /// <param name="roots">Authorities of its certificate besides none; null: the system's.</param>
    public static HttpClient ToServer(TimeSpan timeout, TrustedRoots? roots = null)
    {
        var handler = Handler();
        if (roots is not null) Trust(handler, roots);
        return new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = AnswerBytesMax };
    }

    /// <summary>A client of a server, within the rules for its address.</summary>
    /// <param name="timeout">End of a call.</param>
    /// <param name="peer">Who it is.</param>
    public static HttpClient To(TimeSpan timeout, Peer peer)
    {
        var handler = Handler();
        if (peer.Roots is { } roots) Trust(handler, roots);
        if (peer.Certificate is { } certificate) handler.SslOptions.ClientCertificates = [certificate];
        if (peer.Rules is { } rules)
        {
            handler.ConnectCallback = (context, cancellationToken) => OutsideConnections.ConnectAsync(
                rules, OutsideLimits.Default, context.DnsEndPoint, cancellationToken);
        }

        return new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = AnswerBytesMax };
    }

    /// <summary>Addresses behind a name; an address stands for itself. None when it cannot be resolved.</summary>
    public static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>A connection to a server that takes lines.</summary>
    /// <param name="server">tcp://host:port or tls://host:port; a certificate is that of the host.</param>
    /// <param name="peer">Who it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static async Task<LineConnection> OpenAsync(Uri server, Peer peer, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectWithin);
        var stream = await ConnectAsync(server, peer.Rules, patience.Token);
        try
        {
            if (server.Scheme != "tls") return new LineConnection(stream.Socket, stream);
            var secure = new System.Net.Security.SslStream(stream, leaveInnerStreamOpen: false);
            await secure.AuthenticateAsClientAsync(
                new System.Net.Security.SslClientAuthenticationOptions
                {
                    TargetHost = server.Host.Trim('[', ']'),
                    ClientCertificates = peer.Certificate is { } certificate ? [certificate] : null,
                    RemoteCertificateValidationCallback = peer.Roots is not { } roots ? null
                        : (_, certificate, chain, errors) =>
                            roots.Trusts(certificate as X509Certificate2, chain, errors),
                },
                patience.Token);
            return new LineConnection(stream.Socket, secure);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<NetworkStream> ConnectAsync(
        Uri server, OutsideRules? rules, CancellationToken cancellationToken)
    {
        var endpoint = new DnsEndPoint(server.Host.Trim('[', ']'), server.Port);
        if (rules is not null) return (NetworkStream)await OutsideConnections.ConnectAsync(
            rules, OutsideLimits.Default, endpoint, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SocketsHttpHandler Handler() => new()
    {
        UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = ConnectWithin,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    private static void Trust(SocketsHttpHandler handler, TrustedRoots roots) =>
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            roots.Trusts(certificate as X509Certificate2, chain, errors);
}
