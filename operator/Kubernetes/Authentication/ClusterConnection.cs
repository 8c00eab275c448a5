namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// How one API server is reached and what proves who we are. Built by <see cref="ClusterLocator"/>; immutable.
/// </summary>
public sealed class ClusterConnection
{
    /// <summary>Base address of the API server.</summary>
    public required Uri Server { get; init; }

    /// <summary>Where the credential of each request comes from.</summary>
    public required ICredentialSource Credentials { get; init; }

    /// <summary>Namespace to use when none is named: the context's, or the pod's own.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>The name of the context, or "in-cluster": for messages.</summary>
    public string Name { get; init; } = "";

    /// <summary>Accepts any server certificate. Only ever set by an explicit choice of the user.</summary>
    public bool SkipTlsVerify { get; init; }

    /// <summary>Name to expect in the server's certificate instead of the address.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Proxy for all requests, or null for a direct connection.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Authorities to trust; null means those of the system.</summary>
    internal TrustAnchors? Trust { get; init; }

    public override string ToString() => $"{Server} ({(Name.Length == 0 ? "unnamed" : Name)})";
}
