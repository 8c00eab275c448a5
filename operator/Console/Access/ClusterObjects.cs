using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Access;

/// <summary>Our objects in the cluster, for pages; read when asked, shown only where the viewer may list
/// them.</summary>
public sealed class ClusterObjects(KubernetesClient? client, Gatekeeper gate)
{
    /// <summary>Most objects of a kind that a page shows.</summary>
    public const int ShownMax = 500;

    public static readonly ResourceType<Resource<WafPolicy>> Policies =
        Ours("wafpolicies", "WafPolicy").As(ResourceJson.Default.WafPolicy);

    public static readonly ResourceType<Resource<WafExclusion>> Exclusions =
        Ours("wafexclusions", "WafExclusion").As(ResourceJson.Default.WafExclusion);

    public static readonly ResourceType<Resource<ModelVersion>> Models =
        Ours("modelversions", "ModelVersion").As(ResourceJson.Default.ModelVersion);

    /// <summary>False: there is no cluster (stand-alone).</summary>
    public bool IsConnected => client is not null;

    public Task<IReadOnlyList<Resource<WafPolicy>>> PoliciesAsync(Viewer viewer, CancellationToken cancellationToken) =>
        ListAsync(Policies, viewer, ConsoleRight.SeePolicies, cancellationToken);

    public Task<IReadOnlyList<Resource<WafExclusion>>> ExclusionsAsync(Viewer viewer,
        CancellationToken cancellationToken) =>
        ListAsync(Exclusions, viewer, ConsoleRight.SeeExclusions, cancellationToken);

    public Task<IReadOnlyList<Resource<ModelVersion>>> ModelsAsync(Viewer viewer,
        CancellationToken cancellationToken) =>
        ListAsync(Models, viewer, ConsoleRight.SeeModels, cancellationToken);

    private async Task<IReadOnlyList<T>> ListAsync<T>(
        ResourceType<T> type, Viewer viewer, ConsoleRight right, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        if (client is null) return [];
        try
        {
            var all = (await client.ListAsync(type, new ListOptions(), cancellationToken)).Items;
            if (await gate.MayAsync(viewer, right, null, cancellationToken)) return [.. all.Take(ShownMax)];
            var seen = new List<T>();
            foreach (var ns in all.GroupBy(item => item.Metadata.Namespace ?? "").Take(Gatekeeper.NamespacesMax))
            {
                if (await gate.MayAsync(viewer, right, ns.Key, cancellationToken)) seen.AddRange(ns);
            }

            return [.. seen.Take(ShownMax)];
        }
        catch (KubernetesException failure)
        {
            throw new AccessUnavailableException("the API server cannot be asked at present", failure);
        }
    }

    private static ResourceType Ours(string plural, string kind) =>
        new(ApiGroup.Name, ApiGroup.Version, plural, kind, ResourceScope.Namespaced);
}
