using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WafOperator.Console.Outgoing;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Protocols.Distribution;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>
/// Reads what a WafSink names out of Secrets of its own namespace that say of themselves that they are for sinks and
/// for which hosts. Any other Secret is refused in the same words as one that is not there. Never kept beyond the
/// session, never logged.
/// </summary>
internal sealed class SinkSecrets(KubernetesClient client, OutsideRules rules)
{
    /// <summary>Type of such a Secret, or a label with the value <c>true</c>.</summary>
    public const string Marker = ApiGroup.Name + "/sink-credentials";

    /// <summary>Annotation with the hosts it is for, separated by commas.</summary>
    public const string HostAnnotation = ApiGroup.Name + "/host";

    /// <summary>A session with the sink's server.</summary>
    /// <param name="sink">The object.</param>
    /// <param name="url">Its address.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="SinkSecretException">A Secret cannot be used.</exception>
    public async Task<SinkSession> OpenAsync(
        Resource<WafSink> sink, Uri url, CancellationToken cancellationToken)
    {
        var (spec, ns) = (sink.Value.Spec, sink.Metadata.Namespace ?? "");
        var credentials = await ReadAsync(ns, spec.CredentialsSecret, url, cancellationToken);
        var authority = await ReadAsync(ns, spec.Tls?.CaSecret, url, cancellationToken);
        var own = await ReadAsync(ns, spec.Tls?.ClientCertificateSecret, url, cancellationToken);
        var user = credentials?.Value("username");
        if (credentials is not null && user is null && credentials.Value("token") is null)
            throw new SinkSecretException(credentials.Key, "has neither token nor username");
        var peer = new Peer { Rules = rules, Roots = RootsOf(authority), Certificate = CertificateOf(own) };
        return new SinkSession(peer)
        {
            Token = credentials?.Value("token")?.Trim(),
            Login = user is null ? null : new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{credentials!.Value("password")}"))),
        };
    }

    /// <summary>Whether a Secret may be used for a host. Pure.</summary>
    internal static bool IsFor(KubernetesObject secret, Uri url)
    {
        if (secret.Text("type") != Marker && secret.Metadata.Labels.GetValueOrDefault(Marker) != "true") return false;
        var host = OutsideRules.NameOf(url);
        return (secret.Metadata.Annotations.GetValueOrDefault(HostAnnotation) ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(named => named.ToLowerInvariant())
            .Any(named => named == host || named == $"{host}:{url.Port}");
    }

    private async Task<Found?> ReadAsync(string ns, string? name, Uri url, CancellationToken cancellationToken)
    {
        if (name is null) return null;
        var key = new NamespacedName(ns, name);
        try
        {
            var secret = await client.TryGetAsync(BuiltIn.Secrets, key, cancellationToken);
            if (secret is not null && IsFor(secret, url)) return new Found(key, secret);
        }
        catch (KubernetesApiException refused) when (refused.IsForbidden)
        {
            // As one that is not there.
        }

        throw new SinkSecretException(
            key, $"cannot be used for {url.Host}: it must be there, readable for the console, have the label {Marker}: "
                + $"\"true\" (or that type), and its annotation {HostAnnotation} must name the host");
    }

    private static TrustedRoots? RootsOf(Found? secret)
    {
        if (secret is null) return null;
        try
        {
            return TrustedRoots.FromPem(secret.Value("ca.crt") ?? "");
        }
        catch (CryptographicException)
        {
            throw new SinkSecretException(secret.Key, "has no certificate in ca.crt");
        }
    }

    private static X509Certificate2? CertificateOf(Found? secret)
    {
        if (secret is null) return null;
        try
        {
            using var read = X509Certificate2.CreateFromPem(
                secret.Value("tls.crt") ?? "", secret.Value("tls.key") ?? "");
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new SinkSecretException(secret.Key, "has no certificate with its key in tls.crt and tls.key");
        }
    }

    /// <summary>A Secret that is for this.</summary>
    private sealed record Found(NamespacedName Key, KubernetesObject Secret)
    {
        public string? Value(string key)
        {
            try
            {
                return Secret.Text("data", key) is { Length: > 0 } text
                    ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null;
            }
            catch (FormatException)
            {
                return null;
            }
        }

        // Never shown.
        public override string ToString() => "a Secret";
    }
}

/// <summary>A Secret that cannot be used.</summary>
internal sealed class SinkSecretException(NamespacedName secret, string problem)
    : Exception($"Secret {secret} {problem}");
