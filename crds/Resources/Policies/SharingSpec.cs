using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>How replicas count together.</summary>
public sealed record SharingSpec
{
    [Description("How rate limits are counted without redis, or while it is away. Divided: each sidecar gives its part "
        + "of the limit, divided by the pods that the policy covers; status.sharing says by how many. PerReplica: each "
        + "sidecar gives all of it. Limits on distinct values are never divided."), Default("\"Divided\"")]
    public LimitSharingMode Limits { get; init; } = LimitSharingMode.Divided;

    [Description("Count in Redis: limits hold over all replicas, and a client that one of them holds is held by all.")]
    public RedisSpec? Redis { get; init; }
}

/// <summary>How much of a limit a replica gives by itself.</summary>
public enum LimitSharingMode { PerReplica, Divided }

/// <summary>Names the Redis.</summary>
public sealed record RedisSpec
{
    [Description("Secret of this namespace with the label wafoperator.dev/redis: \"true\" and the keys servers "
        + "(host:port, separated by commas), password, and where needed username, service (Sentinel), ca.crt, and tls "
        + "(\"false\" for a connection that is not encrypted)."),
        RequiredField, Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public string Secret { get; init; } = "";
}

/// <summary>How replicas count, as the operator sees it.</summary>
public sealed record SharingStatus
{
    [Description("Single, PerReplica, Divided or Redis: how rate limits are counted now."), Length(32)]
    public string? Limits { get; init; }

    [Description("Pods with a sidecar by which limits are divided where they are."), Bounds(0, int.MaxValue)]
    public int Replicas { get; init; }

    [Description("Of the sidecars that reported, how many count in Redis."), Bounds(0, int.MaxValue)]
    public int Connected { get; init; }

    [Description("The same in words, and what is amiss."), Length(1024)]
    public string? Message { get; init; }
}
