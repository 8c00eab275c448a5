using System.Collections.Frozen;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Targets;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;
using Condition = WafOperator.Resources.Condition;
using Meta = WafOperator.Resources.ObjectMeta;

namespace WafOperator.Cli.Tests.Checks;

/// <summary>Facts of a cluster in which no check finds anything; tests change one thing each.</summary>
internal static class HealthyCluster
{
    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset LongAgo = Now.AddDays(-60);
    private const string Labels = """{"app.kubernetes.io/name":"waf-operator"}""";

    public static ClusterFacts Facts => new()
    {
        Now = Now,
        Server = Fact<ServerCapabilities>.Of(Server(1, 31)),
        Definitions = Known([.. ResourceDefinition.All.Select(Definition)]),
        Mutating = Known(Webhook("MutatingWebhookConfiguration", "pods.wafoperator.dev")),
        Validating = Known(Webhook("ValidatingWebhookConfiguration", "resources.wafoperator.dev")),
        Nodes = Known(Node("a"), Node("b")),
        Namespaces = Known(Json("""{"kind":"Namespace","metadata":{"name":"shop"}}""")),
        Operators = Known(Operator(2, 2)),
        Leases = Known(Lease(Now.AddSeconds(-5))),
        Endpoints = Known(Json("""
            {"kind":"Endpoints","metadata":{"name":"waf-operator"},
             "subsets":[{"addresses":[{"ip":"10.0.0.1"}]}]}
            """)),
        Budgets = Known(Json($$$"""
            {"kind":"PodDisruptionBudget","metadata":{"name":"waf-operator"},
             "spec":{"selector":{"matchLabels":{{{Labels}}} } } }
            """)),
        Pods = Fact<IReadOnlyList<PodFacts>>.Of([OperatorPod("o-1", "a"), OperatorPod("o-2", "b"), ShopPod("shop-1")]),
        Workloads = Fact<IReadOnlyList<WorkloadFacts>>.Of([Deployment()]),
        Policies = Fact<IReadOnlyList<WafPolicy>>.Of([Policy()]),
        Exclusions = Fact<IReadOnlyList<Resources.Exclusions.WafExclusion>>.Of([]),
        Models = Fact<IReadOnlyList<ModelVersion>>.Of([Model(ModelPhase.Promoted)]),
        Pools = Fact<IReadOnlyList<Resources.Pools.InferencePool>>.Of([]),
        Unreadable = Fact<IReadOnlyList<string>>.Of([]),
        MayCreate = Fact<IReadOnlyDictionary<string, bool>>.Of(new Dictionary<string, bool> { ["pods"] = true }),
    };

    public static Fact<IReadOnlyList<KubernetesObject>> Known(params IReadOnlyList<KubernetesObject> objects) =>
        Fact<IReadOnlyList<KubernetesObject>>.Of(objects);

    public static KubernetesObject Json(string json) => KubernetesObject.From(JsonNode.Parse(json)!.AsObject());

    public static ServerCapabilities Server(int major, int minor, params string[] without) => new()
    {
        Major = major, Minor = minor, GitVersion = $"v{major}.{minor}.0",
        GroupVersions = new[] { "admissionregistration.k8s.io/v1", "networking.k8s.io/v1", "policy/v1" }
            .Except(without).ToFrozenSet(),
    };

    public static KubernetesObject Definition(ResourceDefinition kind)
    {
        var json = CrdWriter.Write(kind);
        json["status"] = new JsonObject { ["storedVersions"] = new JsonArray(ApiGroup.Version) };
        return KubernetesObject.From(json);
    }

    public static KubernetesObject Webhook(string kind, string name, Action<JsonObject>? change = null)
    {
        var hook = JsonNode.Parse($$$"""
            {"name":"{{{name}}}","failurePolicy":"Fail","timeoutSeconds":10,
             "clientConfig":{"caBundle":"{{{Authority(Now.AddYears(1))}}}",
               "service":{"name":"waf-operator","namespace":"waf-system"}},
             "namespaceSelector":{"matchExpressions":[
               {"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["kube-system"]}]}}
            """)!.AsObject();
        change?.Invoke(hook);
        return KubernetesObject.From(new JsonObject
        {
            ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = "waf-operator" },
            ["webhooks"] = new JsonArray(hook),
        });
    }

    /// <summary>A bundle as webhooks hold it, whose certificate ends at a time.</summary>
    public static string Authority(DateTimeOffset end)
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=test", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(end.AddYears(-5), end);
        return Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
    }

    public static KubernetesObject Node(string name, string os = "linux", string architecture = "amd64") => Json($$$"""
        {"kind":"Node","metadata":{"name":"{{{name}}}",
         "labels":{"kubernetes.io/os":"{{{os}}}","kubernetes.io/arch":"{{{architecture}}}"} } }
        """);

    public static KubernetesObject Operator(int wanted, int ready, string ns = "waf-system") => Json($$$"""
        {"kind":"Deployment","metadata":{"name":"waf-operator","namespace":"{{{ns}}}","labels":{{{Labels}}} },
         "spec":{"replicas":{{{wanted}}},"selector":{"matchLabels":{{{Labels}}} } },
             "status":{"readyReplicas":{{{ready}}}}}
        """);

    public static KubernetesObject Lease(DateTimeOffset renewed, string holder = "o-1") => Json($$$"""
        {"kind":"Lease","metadata":{"name":"waf-operator"},
         "spec":{"holderIdentity":"{{{holder}}}","renewTime":"{{{renewed:O}}}"}}
        """);

    public static PodFacts OperatorPod(string name, string node, string containers = """
        {"name":"waf-operator","image":"operator:1"}
        """, string statuses = "") => Pod($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"waf-system","labels":{{{Labels}}} },
         "spec":{"nodeName":"{{{node}}}","containers":[{{{containers}}}]},
         "status":{"phase":"Running","containerStatuses":[{{{statuses}}}]}}
        """);

    public static PodFacts ShopPod(
        string name, string annotations = """
        "wafoperator.dev/inject":"true","wafoperator.dev/injected-policy":"shop"
        """,
        string containers = """{"name":"shop","image":"shop:1"},{"name":"waf-sidecar","image":"sidecar:1"}""",
        string statuses = """{"name":"waf-sidecar","ready":true,"restartCount":0}""", string spec = "") => Pod($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"shop","labels":{"app":"shop"},
            "annotations":{ {{{annotations}}} }},
         "spec":{ {{{spec}}} "containers":[{{{containers}}}]},
         "status":{"phase":"Running","containerStatuses":[{{{statuses}}}]}}
        """);

    public static PodFacts Pod(string json) => PodFacts.Read(Json(json));

    public static WorkloadFacts Deployment(string ns = "shop") => new(
        new Kubernetes.Objects.ObjectMeta { Name = "shop", Namespace = ns }, TargetKind.Deployment,
        LabelSelector.FromLabels(System.Text.Json.JsonDocument.Parse("""{"app":"shop"}""").RootElement),
        TemplateAsks: true);

    public static WafPolicy Policy(Func<WafPolicySpec, WafPolicySpec>? spec = null, params Condition[] conditions) =>
        new()
    {
        Metadata = new Meta { Name = "shop", Namespace = "shop", Generation = 3, CreationTimestamp = LongAgo },
        Spec = (spec ?? (s => s))(new WafPolicySpec
        {
            Mode = PolicyMode.Enforce,
            TargetRefs = [new PolicyTargetReference { Kind = TargetKind.Deployment, Name = "shop" }],
        }),
        Status = new WafPolicyStatus
        {
            ObservedGeneration = 3,
            Coverage = new CoverageStatus { Matched = 1, Injected = 1, Programmed = 1 },
            Conditions = conditions,
        },
    };

    public static Condition Says(string type, ConditionStatus status, string reason,
        string message = "says why") =>
        new() { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = LongAgo };

    public static ModelVersion Model(ModelPhase phase, string message = "", bool isHeld = false) => new()
    {
        Metadata = new Meta { Name = "gate-1", Namespace = "shop" },
        Spec = new ModelVersionSpec { Model = "gate", Version = "1.2.0", Suspend = isHeld },
        Status = new ModelVersionStatus { Phase = phase, PhaseStartedAt = Now.AddHours(-1), Message = message },
    };
}
