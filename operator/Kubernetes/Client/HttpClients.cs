using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using WafOperator.Kubernetes.Authentication;

namespace WafOperator.Kubernetes.Client;

/// <summary>Builds the one HTTP client of a connection.</summary>
internal static class HttpClients
{
    /// <param name="connection">Where to, and whom to trust.</param>
    /// <param name="clientCertificate">Asked at each TLS handshake, because a plug-in may renew the
    /// certificate.</param>
    public static HttpMessageInvoker Create(
        ClusterConnection connection, Func<X509Certificate2?> clientCertificate)
    {
        var tls = new SslClientAuthenticationOptions
        {
            // Without candidates the callback may return null, which means "no certificate".
            LocalCertificateSelectionCallback = (_, _, _, _, _) => clientCertificate()!,
        };
        if (connection.SkipTlsVerify)
        {
#pragma warning disable CA5359 // the user's explicit choice: insecure-skip-tls-verify
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (connection.Trust is { } trust)
        {
            tls.RemoteCertificateValidationCallback =
                (_, certificate, chain, errors) => trust.Accept(certificate, chain, errors);
        }

        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = tls,
            UseProxy = connection.Proxy is not null,
            Proxy = connection.Proxy is { } proxy ? new WebProxy(proxy) : null,
            AllowAutoRedirect = false, // an API server does not redirect; following would send the token elsewhere
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            MaxResponseHeadersLength = 64,
        });
    }
}
