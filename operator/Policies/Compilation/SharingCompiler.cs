using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>The part of a policy about what its replicas count together.</summary>
internal static class SharingCompiler
{
    /// <summary>Null for a policy that counts nothing: its document stays as it was.</summary>
    public static SharingPolicy? Compile(PolicyInputs inputs, List<Finding> findings)
    {
        var spec = inputs.Policy.Spec;
        if (spec.RateLimits.Count == 0 && spec.Logins.Count == 0 && spec.Sharing is null) return null;
        var sharing = spec.Sharing ?? new SharingSpec();
        return new SharingPolicy
        {
            Limits = sharing.Limits is LimitSharingMode.PerReplica ? LimitSharing.PerReplica : LimitSharing.Divided,
            Redis = sharing.Redis is { } redis ? RedisOf(inputs, redis, findings) : null,
        };
    }

    private static RedisPolicy? RedisOf(PolicyInputs inputs, RedisSpec spec, List<Finding> findings)
    {
        var secret = inputs.Redis ?? RedisSecret.Missing(spec.Secret);
        if (secret.Problem is { } problem)
        {
            findings.Add(new(
                FindingSeverity.Warning, FindingKind.RedisNotFound, "spec.sharing.redis.secret",
                $"{problem}; replicas count by themselves"));
            return null;
        }

        var metadata = inputs.Policy.Metadata;
        return secret.ToPolicy(metadata.Namespace ?? "default", metadata.Name ?? "");
    }
}
