using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Certificates;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Tests.Certificates;

/// <summary>Secrets and bundles on a real API server.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class CertificateClusterTests(TestApiServer server)
{
    private static readonly string[] Names = ["waf-operator.waf-system.svc"];

    [Fact]
    public async Task OneSecretOfAnEarlierVersion_IsTakenApart_AndServesOn()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var serving = new NamespacedName(ns, "waf-operator-tls");
        var authority = new NamespacedName(ns, CertificateSecret.AuthorityName);
        var (state, _) = CertificateRotation.Next(null, Names, DateTimeOffset.UtcNow);
        var old = CertificateSecret.WriteServing(serving, state, null);
        old["data"]!["ca.crt"] = Base64(state.Authority.CertificatePem);
        old["data"]!["ca.key"] = Base64(state.Authority.KeyPem);
        await client.CreateAsync(BuiltIn.Secrets, old, default);
        var controller = new CertificateController(
            client, serving, authority, Names, TimeProvider.System, NullLogger<CertificateController>.Instance);

        await controller.ReconcileAsync(serving, default);
        await controller.ReconcileAsync(serving, default);

        var found = await client.TryGetAsync(BuiltIn.Secrets, serving, default);
        Assert.Null(found!.Text("data", "ca.key"));
        Assert.Equal(state.Serving, CertificateSecret.ReadServing(found)!.Serving);
        var apart = await client.TryGetAsync(BuiltIn.Secrets, authority, default);
        Assert.Equal(state, CertificateSecret.Read(apart, found));
    }

    /// <summary>What sidecars trust is put right at once, whoever changed or deleted it.</summary>
    [Fact]
    public async Task ABundleThatSomebodyChangedOrDeleted_ComesBack()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var key = new NamespacedName(ns, TrustBundleController.ConfigMapName);
        var (state, _) = CertificateRotation.Next(null, Names, DateTimeOffset.UtcNow);
        var informers = new InformerSet();
        var bundles = informers.Add(new Informer<KubernetesObject>(
            client, BuiltIn.ConfigMaps,
            new InformerOptions { Selection = new ListOptions { FieldSelector = $"metadata.name={key.Name}" } },
            TestApiServer.Services));
        var trust = new TrustBundleController(
            client,
            new TrustBundles(
                needed => needed == ns, () => new ServingState(state.Serving, state.Bundle),
                other => bundles.Cache.Get(new NamespacedName(other, key.Name))),
            new EventRecorder(client, "waf-operator", TestApiServer.Services), TimeProvider.System);
        var loop = new ControllerLoop("trust", trust, new ControllerOptions(), TestApiServer.Services)
            .Watch(bundles, c => [NamespacedName.Cluster(c.Key.Namespace)]);
        using var stop = new CancellationTokenSource();
        var work = Task.WhenAll(informers.RunAsync(stop.Token), loop.RunAsync(stop.Token));
        loop.Enqueue(NamespacedName.Cluster(ns));
        await ComesBackAsync();

        await client.PatchAsync(
            BuiltIn.ConfigMaps, key,
            Patch.Merge(new JsonObject { ["data"] = new JsonObject { [TrustBundleController.BundleKey] = "mine" } }),
            default);
        await ComesBackAsync();
        await client.DeleteAsync(BuiltIn.ConfigMaps, key, new DeleteOptions(), default);
        await ComesBackAsync();
        await FixAsync(client, key);
        await ComesBackAsync();

        await stop.CancelAsync();
        await work;

        Task ComesBackAsync() => Eventually.TrueAsync(
            async () => (await client.TryGetAsync(BuiltIn.ConfigMaps, key, default))
                ?.Text("data", TrustBundleController.BundleKey) == state.Bundle,
            "the bundle is there");
    }

    /// <summary>
    /// Fixed for ever with another authority, and held by a finalizer: nobody can write that one again.
    /// </summary>
    private static async Task FixAsync(KubernetesClient client, NamespacedName key)
    {
        var own = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = key.Namespace, ["name"] = key.Name,
                ["finalizers"] = new JsonArray("example.com/keep"),
            },
            ["data"] = new JsonObject { [TrustBundleController.BundleKey] = "mine" },
            ["immutable"] = true,
        };
        await Eventually.TrueAsync(() => CreatedAsync((JsonObject)own.DeepClone()), "somebody was faster");

        async Task<bool> CreatedAsync(JsonObject body)
        {
            await client.DeleteAsync(BuiltIn.ConfigMaps, key, new DeleteOptions(), default);
            try
            {
                await client.CreateAsync(BuiltIn.ConfigMaps, body, default);
                return true;
            }
            catch (KubernetesApiException taken) when (taken.IsAlreadyExists)
            {
                return false;
            }
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
