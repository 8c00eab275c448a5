using System.Collections.Frozen;

namespace WafOperator.Kubernetes.Client;

/// <summary>
/// What the API server is able to do, from its version and what it serves. Where a feature shows in discovery,
/// discovery decides; the version decides only what cannot be seen there. Immutable.
/// </summary>
public sealed record ServerCapabilities
{
    /// <summary>As in 1 of 1.29.</summary>
    public required int Major { get; init; }

    /// <summary>As in 29 of 1.29.</summary>
    public required int Minor { get; init; }

    /// <summary>For people, such as <c>v1.29.3-gke.1</c>.</summary>
    public required string GitVersion { get; init; }

    /// <summary>All served group versions, such as <c>v1</c> and <c>policy/v1</c>.</summary>
    public required FrozenSet<string> GroupVersions { get; init; }

    /// <summary>Version of the policy group in which evictions are posted (<c>v1</c> or <c>v1beta1</c>).</summary>
    public string EvictionVersion { get; init; } = "v1";

    /// <summary>Init containers with <c>restartPolicy: Always</c> (on by default from 1.29).</summary>
    public bool NativeSidecars => AtLeast(1, 29);

    /// <summary><c>matchConditions</c> on webhooks (on by default from 1.28).</summary>
    public bool WebhookMatchConditions => AtLeast(1, 28);

    /// <summary>CEL rules in custom resource definitions (on by default from 1.25).</summary>
    public bool CustomResourceCel => AtLeast(1, 25);

    /// <summary><c>v1</c> or <c>v1beta1</c>.</summary>
    public string DisruptionBudgetVersion => Serves("policy/v1") ? "v1" : "v1beta1";

    /// <summary><c>v2</c> or <c>v2beta2</c>.</summary>
    public string AutoscalerVersion => Serves("autoscaling/v2") ? "v2" : "v2beta2";

    /// <summary>Pod security admission (on by default from 1.23).</summary>
    public bool PodSecurityAdmission => AtLeast(1, 23);

    /// <summary>Whether a group version such as <c>policy/v1</c> is served.</summary>
    public bool Serves(string groupVersion) => GroupVersions.Contains(groupVersion);

    /// <summary>Whether the server is of this version or later.</summary>
    public bool AtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);

    public override string ToString() => $"Kubernetes {GitVersion}";
}
