using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Policies;

/// <summary>The caches of our own kinds.</summary>
public sealed record PolicyCaches(
    Informer<Resource<WafPolicy>> Policies,
    Informer<Resource<WafExclusion>> Exclusions,
    Informer<Resource<ModelVersion>> Models,
    Informer<Resource<InferencePool>> Pools)
{
    /// <summary>Makes the informers and adds them to a set.</summary>
    public static PolicyCaches Add(InformerSet set, KubernetesClient client, RuntimeServices services) => new(
        set.Add(new Informer<Resource<WafPolicy>>(client, ControllerKinds.Policies, new InformerOptions(), services)),
        set.Add(new Informer<Resource<WafExclusion>>(client, ControllerKinds.Exclusions, new InformerOptions(), services)),
        set.Add(new Informer<Resource<ModelVersion>>(client, ControllerKinds.Models, new InformerOptions(), services)),
        set.Add(new Informer<Resource<InferencePool>>(client, ControllerKinds.Pools, new InformerOptions(), services)));
}
