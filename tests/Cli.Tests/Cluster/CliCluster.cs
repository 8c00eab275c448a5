using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Tests.Cluster;

/// <summary>Tests that share one API server; each works in a namespace of its own.</summary>
[CollectionDefinition(Name)]
public sealed class CliClusterCollection : ICollectionFixture<CliCluster>
{
    public const string Name = "cluster of the command line";
}

/// <summary>A real API server with our kinds, and the program run against it by a kubeconfig.</summary>
public sealed class CliCluster : IAsyncLifetime
{
    private readonly TestApiServer _server = new();
    private string _kubeconfig = "";

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        _kubeconfig = Path.Combine(_server.Folder, "cli.kubeconfig");
        await File.WriteAllTextAsync(_kubeconfig, _server.KubeconfigFor(_server.Address, TestApiServer.AdminToken));
        using var client = Client();
        foreach (var kind in ResourceDefinition.All)
            await client.CreateAsync(BuiltIn.CustomResourceDefinitions, CrdWriter.Write(kind), default);
        foreach (var type in new ResourceType[]
        {
            WafOperator.Cli.Cluster.OurKinds.Policies, WafOperator.Cli.Cluster.OurKinds.Exclusions,
            WafOperator.Cli.Cluster.OurKinds.Models, WafOperator.Cli.Cluster.OurKinds.Pools,
        })
        {
            // What discovery names may be served a moment later.
            await Eventually.TrueAsync(() => AnswersAsync(client, type), $"{type.Plural} are served");
        }
    }

    public Task DisposeAsync() => _server.DisposeAsync();

    public KubernetesClient Client() => _server.Client();

    public Uri Address => _server.Address;

    /// <summary>Path of an administrator's kubeconfig.</summary>
    public string Kubeconfig => _kubeconfig;

    public Task<string> NamespaceAsync() => _server.NamespaceAsync();

    /// <summary>Runs the program as an administrator.</summary>
    internal Task<CliRun> RunAsync(params string[] arguments) =>
        CliRun.OfAsync(null, new Dictionary<string, string> { ["KUBECONFIG"] = _kubeconfig }, arguments);

    /// <summary>Runs the program as a user without any right.</summary>
    internal async Task<CliRun> RunAsNobodyAsync(params string[] arguments)
    {
        var config = Path.Combine(_server.Folder, "nobody.kubeconfig");
        await File.WriteAllTextAsync(config, _server.KubeconfigFor(_server.Address, TestApiServer.NobodyToken));
        return await CliRun.OfAsync(null, new Dictionary<string, string> { ["KUBECONFIG"] = config }, arguments);
    }

    /// <summary>Creates an object from JSON.</summary>
    internal async Task CreateAsync(ResourceType<KubernetesObject> type, string json)
    {
        using var client = Client();
        await client.CreateAsync(type, JsonNode.Parse(json)!.AsObject(), default);
    }

    /// <summary>Sets the status of an object.</summary>
    internal async Task SetStatusAsync(ResourceType type, NamespacedName key, string json)
    {
        using var client = Client();
        await client.PatchAsync(
            type.AsJson(), key, Patch.MergeStatus(new JsonObject { ["status"] = JsonNode.Parse(json) }), default);
    }

    private static async Task<bool> AnswersAsync(KubernetesClient client, ResourceType type)
    {
        try
        {
            await client.ListAsync(type.AsJson(), ListOptions.All, default);
            return true;
        }
        catch (KubernetesApiException refusal) when (refusal.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Creates a policy for the Deployment <c>shop</c>.</summary>
    internal Task CreatePolicyAsync(string ns, string name = "shop", string mode = "Enforce") => CreateAsync(
        WafOperator.Cli.Cluster.OurKinds.Policies.AsJson(), $$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}"},
         "spec":{"mode":"{{{mode}}}","targetRefs":[{"kind":"Deployment","name":"shop"}]}}
        """);
}
