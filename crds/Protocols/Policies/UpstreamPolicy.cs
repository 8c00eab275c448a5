namespace WafOperator.Protocols.Policies;

/// <summary>How the application is reached. Equal by value.</summary>
public sealed record UpstreamPolicy
{
    /// <summary>At the pod's own address instead of the loopback's.</summary>
    public bool IsAtPodAddress { get; init; }

    /// <summary>How long a connection is kept unused; null: the sidecar's own limit.</summary>
    public TimeSpan? IdleMax { get; init; }

    /// <summary>Null: plain HTTP.</summary>
    public UpstreamTls? Tls { get; init; }
}

/// <summary>TLS between sidecar and application. Equal by value.</summary>
public sealed record UpstreamTls
{
    /// <summary>Ports of the application that speak TLS; empty: all.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Name that is sent, and that the certificate must have; null only with any certificate.</summary>
    public string? ServerName { get; init; }

    /// <summary>
    /// Object with the authorities' certificates, such as <c>ConfigMap/shop-ca/ca.crt</c>; the pod was given it when it
    /// was injected. Null: the system's authorities.
    /// </summary>
    public string? Ca { get; init; }

    /// <summary>No certificate is refused.</summary>
    public bool TakesAnyCertificate { get; init; }

    /// <summary>Whether a port of the application speaks TLS.</summary>
    public bool Covers(int port) => Ports.Count == 0 || Ports.Contains(port);

    public bool Equals(UpstreamTls? other) => other is not null && ServerName == other.ServerName && Ca == other.Ca
        && TakesAnyCertificate == other.TakesAnyCertificate && Ports.SequenceEqual(other.Ports);

    public override int GetHashCode() => HashCode.Combine(ServerName, Ca, TakesAnyCertificate, Ports.Count);
}
