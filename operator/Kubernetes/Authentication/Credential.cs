using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>What proves who we are for one request. Printing it never shows the secret.</summary>
public sealed record Credential(string? AuthorizationHeader, X509Certificate2? ClientCertificate)
{
    public static Credential Anonymous { get; } = new(null, null);

    public static Credential Bearer(string token) => new($"Bearer {token}", null);

    public override string ToString() => (AuthorizationHeader, ClientCertificate) switch
    {
        (null, null) => "anonymous",
        (null, _) => "client certificate",
        (_, null) => "authorization header (redacted)",
        _ => "authorization header (redacted) and client certificate",
    };
}
