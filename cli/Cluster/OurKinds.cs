using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Cli.Cluster;

/// <summary>Where our kinds are served, and as what they are read.</summary>
internal static class OurKinds
{
    public static readonly ResourceType<Resource<WafPolicy>> Policies =
        Ours("wafpolicies", "WafPolicy").As(ResourceJson.Default.WafPolicy);

    public static readonly ResourceType<Resource<WafExclusion>> Exclusions =
        Ours("wafexclusions", "WafExclusion").As(ResourceJson.Default.WafExclusion);

    public static readonly ResourceType<Resource<ModelVersion>> Models =
        Ours("modelversions", "ModelVersion").As(ResourceJson.Default.ModelVersion);

    public static readonly ResourceType<Resource<InferencePool>> Pools =
        Ours("inferencepools", "InferencePool").As(ResourceJson.Default.InferencePool);

    public static readonly ResourceType<Resource<ApiSchema>> ApiSchemas =
        Ours("apischemas", "ApiSchema").As(ResourceJson.Default.ApiSchema);

    private static ResourceType Ours(string plural, string kind) =>
        new(ApiGroup.Name, ApiGroup.Version, plural, kind, ResourceScope.Namespaced);
}
