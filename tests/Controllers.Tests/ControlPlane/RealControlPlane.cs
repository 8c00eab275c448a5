using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using YamlDotNet.Serialization;

namespace WafOperator.Controllers.Tests.ControlPlane;

/// <summary>Tests that share one control plane; each works in a namespace of its own.</summary>
[CollectionDefinition(Name)]
public sealed class ControlPlaneCollection : ICollectionFixture<RealControlPlane>
{
    public const string Name = "control plane";
}

/// <summary>
/// A real API server with our kinds, the real controllers of Deployments and garbage, and the real scheduler. There is
/// no kubelet: what a pod does once it has a node is up to the test (<see cref="PretendNode"/>).
/// </summary>
public sealed class RealControlPlane : IAsyncLifetime
{
    private static readonly string[] Controllers = ["deployment", "replicaset", "garbagecollector", "disruption"];

    private readonly TestApiServer _server = new();
    private ChildProcess? _controllers;
    private ChildProcess? _scheduler;

    /// <summary>A user who may do what the chart gives the operator, and nothing else.</summary>
    public const string OperatorToken = TestApiServer.NobodyToken;

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        var config = Path.Combine(_server.Folder, "admin.kubeconfig");
        await File.WriteAllTextAsync(config, _server.KubeconfigFor(_server.Address, TestApiServer.AdminToken));
        using var admin = Client();
        foreach (var file in Directory.GetFiles(Path.Combine(KubernetesPrograms.RepositoryRoot(), "crds"), "*.yaml"))
        {
            var kind = Documents(await File.ReadAllTextAsync(file)).Single();
            // Created, not applied: 1.20 drops CEL rules silently, but cannot apply them.
            await admin.CreateAsync(BuiltIn.CustomResourceDefinitions, kind, default);
        }

        await Eventually.TrueAsync(() => admin.ServesAsync(ControllerKinds.Pools, default), "our kinds are served");
        await GiveRightsAsync(admin);
        _controllers = ChildProcess.Start(
            Path.Combine(_server.Folder, "controllers.log"),
                await KubernetesPrograms.FindAsync("kube-controller-manager"),
            "--kubeconfig", config, "--controllers", string.Join(',', Controllers), "--leader-elect=false", "--port=0",
            "--secure-port=0", "--concurrent-gc-syncs=4");
        _scheduler = ChildProcess.Start(
            Path.Combine(_server.Folder, "scheduler.log"), await KubernetesPrograms.FindAsync("kube-scheduler"),
            "--kubeconfig", config, "--leader-elect=false", "--port=0", "--secure-port=0");
    }

    public async Task DisposeAsync()
    {
        if (_scheduler is not null) await _scheduler.DisposeAsync();
        if (_controllers is not null) await _controllers.DisposeAsync();
        await _server.DisposeAsync();
    }

    public KubernetesClient Client(string token = TestApiServer.AdminToken) => _server.Client(token);

    public Uri Address => _server.Address;

    public Task<string> NamespaceAsync() => _server.NamespaceAsync();

    /// <summary>The rights that the chart gives the operator in the whole cluster, from the rendered chart.</summary>
    private static async Task GiveRightsAsync(KubernetesClient admin)
    {
        var chart = Path.Combine(
            KubernetesPrograms.RepositoryRoot(), "charts", "render", "golden", "waf-operator-1.20.out");
        var documents = Documents(await File.ReadAllTextAsync(chart));
        foreach (var name in new[] { "waf-operator", "waf-operator-writes" })
        {
            var role = documents.Single(d => d["kind"]?.GetValue<string>() == "ClusterRole"
                && d["metadata"]!["name"]!.GetValue<string>() == name);
            await admin.ApplyAsync(Rbac("clusterroles", "ClusterRole"), role, new ApplyOptions(), default);
            var binding = JsonNode.Parse($$"""
                {"metadata":{"name":"{{name}}"},
                 "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{name}}"},
                 "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"nobody"}]}
                """)!.AsObject();
            await admin.ApplyAsync(
                Rbac("clusterrolebindings", "ClusterRoleBinding"), binding, new ApplyOptions(), default);
        }
    }

    private static ResourceType<KubernetesObject> Rbac(string plural, string kind) =>
        new ResourceType("rbac.authorization.k8s.io", "v1", plural, kind, ResourceScope.Cluster).AsJson();

    private static List<JsonObject> Documents(string yaml)
    {
        var reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
        var writer = new SerializerBuilder().JsonCompatible().Build();
        return
        [
            .. yaml.Split("\n---").Select(text => reader.Deserialize<object?>(new StringReader(text.TrimStart('-'))))
                .OfType<object>().Select(document => JsonNode.Parse(writer.Serialize(document))).OfType<JsonObject>(),
        ];
    }
}
