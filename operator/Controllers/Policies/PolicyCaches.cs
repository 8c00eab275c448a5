using System.Text.Json;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Policies;

/// <summary>The caches of our own kinds, and of ConfigMaps that say they hold rules.</summary>
public sealed record PolicyCaches(
    Informer<Resource<WafPolicy>> Policies,
    Informer<Resource<WafExclusion>> Exclusions,
    Informer<Resource<ModelVersion>> Models,
    Informer<Resource<InferencePool>> Pools,
    Informer<Resource<ApiSchema>> ApiSchemas,
    Informer<KubernetesObject> RuleFiles)
{
    /// <summary>ConfigMaps without it are not read: a policy's author gets no look at those of others.</summary>
    public const string RulesLabel = "wafoperator.dev/rules";

    /// <summary>Makes the informers and adds them to a set.</summary>
    public static PolicyCaches Add(InformerSet set, KubernetesClient client, RuntimeServices services) => new(
        set.Add(new Informer<Resource<WafPolicy>>(client, ControllerKinds.Policies, new InformerOptions(), services)),
        set.Add(new Informer<Resource<WafExclusion>>(client, ControllerKinds.Exclusions, new InformerOptions(), services)),
        set.Add(new Informer<Resource<ModelVersion>>(client, ControllerKinds.Models, new InformerOptions(), services)),
        set.Add(new Informer<Resource<InferencePool>>(client, ControllerKinds.Pools, new InformerOptions(), services)),
        set.Add(new Informer<Resource<ApiSchema>>(client, ControllerKinds.ApiSchemas, new InformerOptions(), services)),
        set.Add(new Informer<KubernetesObject>(client, BuiltIn.ConfigMaps, LabelledRules(), services)));

    /// <summary>ApiSchemas of a policy.</summary>
    public IReadOnlyList<ApiSchema> ApiSchemasOf(NamespacedName policy) =>
    [
        .. ApiSchemas.Cache.ByNamespace.Find(policy.Namespace).Select(schema => schema.Value)
            .Where(schema => schema.Spec.Policy == policy.Name),
    ];

    /// <summary>A policy's document has something of a ConfigMap of this name in it.</summary>
    public bool Reads(Resource<WafPolicy> policy, string configMap) =>
        policy.Value.Spec.Rules is { } rules && rules.ConfigMaps.Contains(configMap)
        || policy.Value.Spec.AccessLists is { } lists && lists.DenyFeeds.Any(feed => feed.ConfigMap == configMap)
        || ApiSchemasOf(policy.Metadata.Key).Any(schema => schema.Spec.Document.ConfigMap == configMap);

    /// <summary>The files of a namespace's labelled ConfigMaps, for the compiler: ConfigMap, key, text.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> RuleFilesOf(string ns) =>
        RuleFiles.Cache.ByNamespace.Find(ns).Where(map => !map.Metadata.IsBeingDeleted)
            .ToDictionary(map => map.Metadata.Name, IReadOnlyDictionary<string, string> (map) => FilesOf(map));

    /// <summary>The files of one labelled ConfigMap; null where there is none.</summary>
    public IReadOnlyDictionary<string, string>? TextsOf(NamespacedName configMap) =>
        RuleFiles.Cache.Get(configMap) is { Metadata.IsBeingDeleted: false } map ? FilesOf(map) : null;

    private static Dictionary<string, string> FilesOf(KubernetesObject map) =>
        map.At("data") is { ValueKind: JsonValueKind.Object } data
            ? data.EnumerateObject().Where(file => file.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(file => file.Name, file => file.Value.GetString()!)
            : new Dictionary<string, string>();

    private static InformerOptions LabelledRules() => new()
    {
        Selection = new ListOptions { LabelSelector = $"{RulesLabel}=true" },
    };
}
