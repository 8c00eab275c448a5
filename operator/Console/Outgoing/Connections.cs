using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Outgoing;

/// <summary>
/// The one place where the console opens connections of its own: to the operator's replicas, and to the servers that
/// the
/// administrator named (identity provider, sinks, alert receivers). No proxy of the environment, no redirects, no
/// cookies; every call has an end.
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
    /// <param name="host">Name or address; a certificate is that of the name.</param>
    /// <param name="port">Port.</param>
    /// <param name="isTls">Whether TLS is spoken.</param>
    /// <param name="roots">Authorities of the certificate; null: the system's.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static async Task<LineConnection> OpenAsync(
        string host, int port, bool isTls, TrustedRoots? roots, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(ConnectWithin);
            await socket.ConnectAsync(host, port, patience.Token);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (!isTls) return new LineConnection(socket, stream);
            var secure = new System.Net.Security.SslStream(stream, leaveInnerStreamOpen: false);
            await secure.AuthenticateAsClientAsync(
                new System.Net.Security.SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    RemoteCertificateValidationCallback = roots is null ? null
                        : (_, certificate, chain, errors) =>
                            roots.Trusts(certificate as X509Certificate2, chain, errors),
                },
                patience.Token);
            return new LineConnection(socket, secure);
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
