using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using k8s;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>How one API server is reached and what proves who we are. Built by <see cref="ClusterLocator"/>.</summary>
public sealed class ClusterConnection
{
    private readonly KubernetesClientConfiguration _configuration;
    private readonly TrustAnchors? _trust;

    /// <param name="name">Name of the context, or "in-cluster": for messages.</param>
    /// <param name="configuration">Server and credentials; not used for anything else afterwards.</param>
    /// <param name="trust">
    /// Authorities to trust; null means those of <paramref name="configuration"/>, else of the system.
    /// </param>
    internal ClusterConnection(string name, KubernetesClientConfiguration configuration, TrustAnchors? trust = null)
    {
        Name = name;
        Server = Uri.TryCreate(configuration.Host, UriKind.Absolute, out var server)
            && server.Scheme is "https" or "http"
            ? server : throw new KubeconfigException($"{name}: the server is not an http(s) address");
        _configuration = configuration;
        var authorities = configuration.SslCaCerts;
        _trust = trust ?? (authorities is { Count: > 0 } ? new TrustAnchors(authorities) : null);
        // The library's own check of a private authority lets a wrong server name pass: whoever holds any certificate
        // of the cluster's authority, such as a kubelet, could play API server.
        configuration.SslCaCerts = null;
        // Watches last; every request has a limit of its own.
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        configuration.FirstMessageHandlerSetup = SetUp;
    }

    /// <summary>Base address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>Namespace to use when none is named: the context's, or the pod's own.</summary>
    public string Namespace => _configuration.Namespace is { Length: > 0 } ns ? ns : "default";

    /// <summary>The name of the context, or "in-cluster": for messages.</summary>
    public string Name { get; }

    public override string ToString() => $"{Server} ({(Name.Length == 0 ? "unnamed" : Name)})";

    /// <summary>Connections and credentials; the caller disposes of them.</summary>
    /// <exception cref="KubeconfigException">A certificate or key cannot be read.</exception>
    internal k8s.Kubernetes Open()
    {
        try
        {
            var kubernetes = new k8s.Kubernetes(_configuration);
            // Connections of another kind than requests: the same check of who the server is.
            if (ServerCheck() is { } check) kubernetes.CreateWebSocketBuilder = () => new CheckedSocket(check);
            return kubernetes;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The library reads files of credentials here, and lets out whatever they lead to.
            throw new KubeconfigException(
                $"{Name}: the credentials cannot be used: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>
    /// What is wrong with a certificate when it has to be that of another name than the address: the handler compares
    /// with the address only.
    /// </summary>
    private static SslPolicyErrors Named(X509Certificate? certificate, SslPolicyErrors errors, string? name)
    {
        if (string.IsNullOrEmpty(name)) return errors;
        var isThatOfTheName = certificate is X509Certificate2 presented && presented.MatchesHostname(name);
        return (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch)
            | (isThatOfTheName ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateNameMismatch);
    }

    /// <summary>Who may be the server, where the system's own check is not enough; null where it is.</summary>
    private RemoteCertificateValidationCallback? ServerCheck()
    {
        var name = _configuration.TlsServerName;
        if (_trust is { } trust)
            return (_, certificate, chain, errors) =>
                trust.Accept(certificate, chain, Named(certificate, errors, name));
        return name is { Length: > 0 } && !_configuration.SkipTlsVerify
            ? (_, certificate, _, errors) => Named(certificate, errors, name) is SslPolicyErrors.None : null;
    }

    private void SetUp(SocketsHttpHandler handler)
    {
        if (ServerCheck() is { } check) handler.SslOptions.RemoteCertificateValidationCallback = check;
        handler.AllowAutoRedirect = false; // an API server does not redirect; following would send the token elsewhere
        handler.UseCookies = false;
        handler.AutomaticDecompression = DecompressionMethods.GZip;
        handler.EnableMultipleHttp2Connections = true;
        handler.ConnectTimeout = TimeSpan.FromSeconds(10);
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(15);
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        handler.MaxResponseHeadersLength = 64;
    }

    private sealed class CheckedSocket : WebSocketBuilder
    {
        public CheckedSocket(RemoteCertificateValidationCallback check) =>
            WebSocket.Options.RemoteCertificateValidationCallback = check;
    }
}
