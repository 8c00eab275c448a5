using System.Diagnostics;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.CustomResources;

/// <summary>Today's custom-resource server (it serves /apis only), with one kind of the tests' own.</summary>
public sealed class CustomResourceServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-custom-").FullName;
    private Process? _process;
    private ClusterConnection? _connection;

    public static ResourceType<KubernetesObject> Gadgets { get; } =
        new ResourceType("tests.wafoperator.dev", "v1", "gadgets", "Gadget", ResourceScope.Namespaced).AsJson();

    public KubernetesClient Client(ClientOptions? options = null) => TestApiServer.ClientOf(_connection!, options);

    public async Task InitializeAsync()
    {
        if (CustomResourceFactAttribute.IsSkipped) return;
        var script = Path.Combine(KubernetesPrograms.RepositoryRoot(), "e2e", "cluster", "custom-resources");
        _process = Process.Start(new ProcessStartInfo(script, [_folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(25));
        var line = await _process.StandardOutput.ReadLineAsync(limit.Token) ?? "";
        Assert.StartsWith("ready ", line, StringComparison.Ordinal);
        _connection = ClusterLocator.Locate(new ClusterEnvironment { KubeconfigPath = line["ready ".Length..] });
        using var client = Client();
        await client.ApplyAsync(BuiltIn.CustomResourceDefinitions, Definition(), new ApplyOptions(), default);
        await Eventually.TrueAsync(() => client.ServesAsync(Gadgets, default), "the kind is served");
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static JsonObject Definition() => JsonNode.Parse("""
        {"metadata":{"name":"gadgets.tests.wafoperator.dev"},
         "spec":{"group":"tests.wafoperator.dev","scope":"Namespaced",
          "names":{"plural":"gadgets","singular":"gadget","kind":"Gadget","listKind":"GadgetList"},
          "versions":[{"name":"v1","served":true,"storage":true,
           "subresources":{"status":{},
            "scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}},
           "schema":{"openAPIV3Schema":{"type":"object","properties":{
            "spec":{"type":"object",
             "x-kubernetes-validations":[{"rule":"self.size <= 10","message":"a gadget is at most 10 large"}],
             "properties":{"size":{"type":"integer","default":1},"replicas":{"type":"integer"},
              "hosts":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}},
            "status":{"type":"object","properties":{"replicas":{"type":"integer"},
             "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],
              "items":{"type":"object","required":["type"],"x-kubernetes-preserve-unknown-fields":true,
               "properties":{"type":{"type":"string"}}}}}}}}}}]}}
        """)!.AsObject();
}
