using System.Text.Json.Nodes;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Controllers.Tests.Models;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Tests.Coverage;

/// <summary>Pods that should have a sidecar are evicted where the policy says so, one at a time; on a real API
/// server.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class CoverageRepairTests(TestApiServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RepairByEviction_TakesBarePodsWithAController_OneAtATime(bool repairs)
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        using var client = server.Client();
        var key = new NamespacedName(world.Namespace, "main");
        await client.CreateAsync(ControllerKinds.Policies, new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = key.Namespace, ["name"] = key.Name },
            ["spec"] = new JsonObject { ["interception"] = new JsonObject { ["repairByEviction"] = repairs } },
        }, default);
        foreach (var name in new[] { "owned-1", "owned-2" }) await CreatePodAsync(client, key.Namespace, name,
            isOwned: true);
        await CreatePodAsync(client, key.Namespace, "alone", isOwned: false);
        using var stop = new CancellationTokenSource();
        var informers = new InformerSet();
        var policies = PolicyCaches.Add(informers, client, TestApiServer.Services);
        var coverage = CoverageCaches.Add(informers, client, TestApiServer.Services, RolloutWorld.SidecarImage);
        var reports = new SidecarReports(coverage.Pods.Cache.Get, new SidecarReportOptions(), TimeProvider.System);
        var running = informers.RunAsync(stop.Token);
        await informers.WaitForSyncAsync(stop.Token).WaitAsync(TimeSpan.FromSeconds(30));
        var repair = new CoverageRepairController(
            client, policies, new PolicyCoverage(policies, coverage, reports),
            new EventRecorder(client, "waf-operator", TestApiServer.Services), world.Time);

        await repair.ReconcileAsync(key, default);
        await repair.ReconcileAsync(key, default);
        Assert.Equal(repairs ? 1 : 2, await OwnedAsync(client, key.Namespace));

        world.Time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(
            () => coverage.Pods.Cache.ByNamespace.Find(key.Namespace).Count(p =>
                p.Metadata.Name != "shop") == (repairs ? 2 : 3),
            "the cache knows");
        await repair.ReconcileAsync(key, default);
        Assert.Equal(repairs ? 0 : 2, await OwnedAsync(client, key.Namespace));
        Assert.NotNull(await client.TryGetAsync(BuiltIn.Pods, new NamespacedName(key.Namespace, "alone"), default));

        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // The normal end.
        }
    }

    private static async Task<int> OwnedAsync(KubernetesClient client, string ns) =>
        (await client.ListAsync(BuiltIn.Pods, new ListOptions { Namespace = ns }, default)).Items
            .Count(p => p.Metadata.Name.StartsWith("owned", StringComparison.Ordinal));

    private static async Task CreatePodAsync(KubernetesClient client, string ns, string name, bool isOwned)
    {
        var metadata = new JsonObject
        {
            ["namespace"] = ns, ["name"] = name, ["labels"] = new JsonObject { ["app"] = "bare" },
            ["annotations"] = new JsonObject { ["wafoperator.dev/inject"] = "true",
                ["wafoperator.dev/policy"] = "main" },
        };
        if (isOwned)
        {
            metadata["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "apps/v1", ["kind"] = "ReplicaSet", ["name"] = "bare", ["uid"] = "0000",
                    ["controller"] = true,
            });
        }

        await client.CreateAsync(BuiltIn.Pods, new JsonObject
        {
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = "registry.local/app" }),
            },
        }, default);
    }
}
