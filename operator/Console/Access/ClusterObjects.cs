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
public sealed class ClusterObjects(KubernetesClient? client, Gatekeeper gate, TimeProvider time)
{
    /// <summary>Whoever asks, the API server is asked for all of a kind once in this time.</summary>
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Most objects of a kind that a page shows.</summary>
    public const int ShownMax = 500;

    public static readonly ResourceType<Resource<WafPolicy>> Policies =
        Ours("wafpolicies", "WafPolicy").As(ResourceJson.Default.WafPolicy);

    public static readonly ResourceType<Resource<WafExclusion>> Exclusions =
        Ours("wafexclusions", "WafExclusion").As(ResourceJson.Default.WafExclusion);

    public static readonly ResourceType<Resource<ModelVersion>> Models =
        Ours("modelversions", "ModelVersion").As(ResourceJson.Default.ModelVersion);

    public static readonly ResourceType<Resource<WafSink>> Sinks =
        Ours("wafsinks", "WafSink").As(ResourceJson.Default.WafSink);

    private readonly SharedAnswer<IReadOnlyList<Resource<WafPolicy>>> _policies = new(RememberedFor, time);
    private readonly SharedAnswer<IReadOnlyList<Resource<WafExclusion>>> _exclusions = new(RememberedFor, time);
    private readonly SharedAnswer<IReadOnlyList<Resource<ModelVersion>>> _models = new(RememberedFor, time);

    /// <summary>False: there is no cluster (stand-alone).</summary>
    public bool IsConnected => client is not null;

    public Task<IReadOnlyList<Resource<WafPolicy>>> PoliciesAsync(Viewer viewer, CancellationToken cancellationToken) =>
        ListAsync(_policies, Policies, (viewer, ConsoleRight.SeePolicies), cancellationToken);

    public Task<IReadOnlyList<Resource<WafExclusion>>> ExclusionsAsync(Viewer viewer,
        CancellationToken cancellationToken) =>
        ListAsync(_exclusions, Exclusions, (viewer, ConsoleRight.SeeExclusions), cancellationToken);

    public Task<IReadOnlyList<Resource<ModelVersion>>> ModelsAsync(Viewer viewer,
        CancellationToken cancellationToken) =>
        ListAsync(_models, Models, (viewer, ConsoleRight.SeeModels), cancellationToken);

    private async Task<IReadOnlyList<T>> ListAsync<T>(
        SharedAnswer<IReadOnlyList<T>> answer, ResourceType<T> type, (Viewer Viewer, ConsoleRight Right) asked,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        if (client is null) return [];
        var (viewer, right) = asked;
        try
        {
            var all = await answer.GetAsync(() => AllAsync(type), cancellationToken);
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

    private async Task<IReadOnlyList<T>> AllAsync<T>(ResourceType<T> type)
        where T : class, IKubernetesObject
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            return (await client!.ListAsync(type, new ListOptions(), patience.Token)).Items;
        }
        catch (OperationCanceledException failure)
        {
            throw new AccessUnavailableException("the API server did not answer in time", failure);
        }
    }

    private static ResourceType Ours(string plural, string kind) =>
        new(ApiGroup.Name, ApiGroup.Version, plural, kind, ResourceScope.Namespaced);
}
