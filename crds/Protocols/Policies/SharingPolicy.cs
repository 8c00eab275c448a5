namespace WafOperator.Protocols.Policies;

/// <summary>What the replicas of a workload know of each other when they count.</summary>
public sealed record SharingPolicy
{
    /// <summary>How limits are counted where there is no Redis, or while it is away.</summary>
    public LimitSharing Limits { get; init; } = LimitSharing.PerReplica;

    /// <summary>Where replicas count together; null: each by itself.</summary>
    public RedisPolicy? Redis { get; init; }
}

/// <summary>How much of a limit a replica gives by itself.</summary>
public enum LimitSharing
{
    /// <summary>All of it.</summary>
    PerReplica,

    /// <summary>Its part: the limit divided by the replicas that the operator knows.</summary>
    Divided,
}

/// <summary>A Redis, and what replicas need to speak to it.</summary>
public sealed record RedisPolicy
{
    /// <summary><c>host:port</c>; several of a cluster, or of Sentinels with <see cref="Service"/>.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>Name under which Sentinels know the primary; null without Sentinel.</summary>
    public string? Service { get; init; }
    public string? User { get; init; }
    public string? Password { get; init; }

    /// <summary>The connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>Authorities (PEM) that the servers' certificates must chain to; null: those of the system.</summary>
    public string? CaPem { get; init; }

    /// <summary>
    /// Secret of the hashes under which clients are kept, base64 of 32 bytes, the same for all replicas: no address and
    /// no cookie of a client goes to the server.
    /// </summary>
    public string HashKey { get; init; } = "";

    public bool Equals(RedisPolicy? other) => other is not null && Servers.SequenceEqual(other.Servers)
        && Service == other.Service && User == other.User && Password == other.Password && Tls == other.Tls
        && CaPem == other.CaPem && HashKey == other.HashKey;

    public override int GetHashCode() => HashCode.Combine(Servers.Count, Service, User, Tls, HashKey);

    /// <summary>Never shows a secret.</summary>
    public override string ToString() => string.Join(',', Servers);
}

/// <summary>How many replicas a policy has: changes with every scaling, and so is no part of the policy.</summary>
public sealed record ReplicaDocument
{
    /// <summary>Format of this document. A reader refuses what it does not know.</summary>
    public const string FormatVersion = "waf-replicas/v1";

    public string Format { get; init; } = FormatVersion;

    /// <summary>Pods with a sidecar that run, or will, under the policy; at least 1.</summary>
    public int Replicas { get; init; } = 1;
}
