using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Outside;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Servers of one namespace that trickle do not keep other namespaces' packages away.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class FairFetchTests(TestApiServer server)
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [Fact]
    public async Task TwoTricklingServersOfANamespace_HoldOneWorker_UntilTheirVersionsAreDeleted()
    {
        await using var tenant = await RolloutWorld.CreateAsync(server);
        await using var other = await RolloutWorld.CreateAsync(server);
        var open = new ConcurrentDictionary<string, bool>();
        await using var trickle = await TrickleAsync(open);
        var address = TestOutside.AddressOf(trickle);
        // Two workers, as many as there are servers: only the share keeps one of them free.
        using var outside = TestOutside.Loopback(new OutsideLimits { SilenceMax = TimeSpan.FromMinutes(5) }, address);
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var informers = new InformerSet();
        var models = informers.Add(new Informer<Resource<ModelVersion>>(
            client, ControllerKinds.Models, new InformerOptions(), TestApiServer.Services));
        // No signature is needed for what came with the image.
        var trust = new PackageTrust("", allowUnsigned: false, RolloutWorld.PackagesFolder);
        var packages = new ModelPackages(
            models,
            [
                new HttpArtifactSource(outside.Transport, new ArtifactCredentials(client)),
                new BuiltinArtifactSource(RolloutWorld.PackagesFolder),
            ],
            new PublicKeys(client, TimeProvider.System, trust), new Kept(), trust);
        models.Subscribe(packages.Observe);
        var loop = new ControllerLoop(
            "model-packages", packages, OutgoingWork.Options with { Workers = 2 }, TestApiServer.Services).For(models);
        var running = Task.WhenAll(informers.RunAsync(stop.Token), loop.RunAsync(stop.Token));

        foreach (var name in new[] { "a", "b" })
            await CreateAsync(tenant, name, new JsonObject { ["uri"] = $"{address}/{name}", ["digest"] = Digest });
        await Eventually.TrueAsync(() => open.Count == 1, "the first server is asked");
        await other.CreateVersionAsync("gate", "1.0.0");
        await SetVerifyingAsync(other, "gate");
        await Eventually.TrueAsync(
            () => models.Cache.Get(new NamespacedName(other.Namespace, "gate")) is { } version
                && packages.ResultOf(version).Outcome is StageOutcome.Succeeded,
            "the other namespace's package is verified");
        Assert.Single(open);

        foreach (var name in new[] { "a", "b" })
        {
            await tenant.Client.DeleteAsync(
                ControllerKinds.Models, new NamespacedName(tenant.Namespace, name), new DeleteOptions(), default);
        }

        await Eventually.TrueAsync(() => open.IsEmpty, "the fetches of deleted versions end");
        await stop.CancelAsync();
        await running;
    }

    private static async Task CreateAsync(RolloutWorld world, string name, JsonObject artifact)
    {
        await world.Client.CreateAsync(
            ControllerKinds.Models,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = name },
                ["spec"] = new JsonObject { ["model"] = "gate", ["version"] = "1.0.0", ["artifact"] = artifact },
            },
            CancellationToken.None);
        await SetVerifyingAsync(world, name);
    }

    private static async Task SetVerifyingAsync(RolloutWorld world, string name) => await world.Client.PatchAsync(
        ControllerKinds.Models, new NamespacedName(world.Namespace, name),
        Patch.MergeStatus(new JsonObject { ["status"] = new JsonObject { ["phase"] = "Verifying" } }),
        CancellationToken.None);

    /// <summary>A server that sends a byte from time to time, and knows who still listens.</summary>
    private static Task<WebApplication> TrickleAsync(ConcurrentDictionary<string, bool> open) =>
        TestOutside.ServeAsync(async context =>
        {
            open[context.Connection.Id] = true;
            try
            {
                while (true)
                {
                    await context.Response.WriteAsync("x", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(100, context.RequestAborted);
                }
            }
            catch (OperationCanceledException)
            {
                open.TryRemove(context.Connection.Id, out _);
            }
        });

    private sealed class Kept : IPackageStore
    {
        private readonly ConcurrentDictionary<string, bool> _digests = new();

        public bool Contains(string digest) => _digests.ContainsKey(digest);

        public Task<string?> PutAsync(
            ReadOnlyMemory<byte> package, string digest, string ns, CancellationToken cancellationToken)
        {
            _digests[digest] = true;
            return Task.FromResult<string?>(null);
        }
    }
}
