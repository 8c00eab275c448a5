using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Pools;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>What servers are told while a model is rolled out.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class PoolPublisherTests(RealControlPlane plane)
{
    private static readonly PackageTrust Trust = new("", allowUnsigned: true, null);

    [Fact]
    public async Task ANewModel_IsOfferedBeforeItIsRequired_AndTheOldOneStaysForAReturn()
    {
        var ns = await plane.NamespaceAsync();
        using var admin = plane.Client();
        using var client = plane.Client(RealControlPlane.OperatorToken);
        var informers = new InformerSet();
        var caches = PolicyCaches.Add(informers, client, TestApiServer.Services);
        var sink = new Sink();
        var keys = new PoolKeys();
        keys.Update(PoolSecretTests.Stored(PoolSecret.Rotate(null, DateTimeOffset.UtcNow).Secret));
        var publisher = new PoolPublisher(
            caches, new PublicKeys(client, TimeProvider.System, Trust), keys, sink, NullLogger<PoolPublisher>.Instance);
        var loop = new ControllerLoop("publisher", publisher, new ControllerOptions(), TestApiServer.Services)
            .For(caches.Pools)
            .Watch(caches.Models,
                c => caches.Pools.Cache.ByNamespace.Find(c.Key.Namespace).Select(p => p.Metadata.Key));
        using var stop = new CancellationTokenSource();
        var work = Task.WhenAll(informers.RunAsync(stop.Token), loop.RunAsync(stop.Token));
        var pool = new NamespacedName(ns, "large");

        await admin.ApplyAsync(ControllerKinds.Pools, Named(ns, "large", []), new ApplyOptions(), default);
        await sink.SaysAsync(pool, "");
        await ModelAsync(admin, ns, "1.0.0", "Promoted");
        await sink.SaysAsync(pool, "1.0.0 required");
        await ModelAsync(admin, ns, "2.0.0", "Verifying");
        await ModelAsync(admin, ns, "2.0.0", "Shadow");
        await sink.SaysAsync(pool, "1.0.0 required, 2.0.0 offered");
        await ModelAsync(admin, ns, "2.0.0", "Promoted");
        await ModelAsync(admin, ns, "1.0.0", "Superseded");
        await sink.SaysAsync(pool, "2.0.0 required, 1.0.0 offered");
        await admin.DeleteAsync(ControllerKinds.Pools, pool, new DeleteOptions(), default);
        await Eventually.TrueAsync(() => !sink.Documents.ContainsKey(pool), "a deleted pool is told nothing any more");
        await stop.CancelAsync();
        await work;
    }

    private static JsonObject Named(string ns, string name, JsonObject spec) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name }, ["spec"] = spec,
    };

    private static async Task ModelAsync(KubernetesClient admin, string ns, string version, string phase)
    {
        var name = $"transformer-{version}";
        var spec = new JsonObject
        {
            ["model"] = "transformer",
            ["version"] = version,
            ["artifact"] = new JsonObject
            {
                ["uri"] = "builtin://transformer", ["digest"] = $"sha256:{version[0]}".PadRight(71, '0'),
            },
            ["serving"] = new JsonObject { ["mode"] = "Pool", ["pool"] = "large" },
        };
        await admin.ApplyAsync(ControllerKinds.Models, Named(ns, name, spec), new ApplyOptions(), default);
        var status = Patch.MergeStatus(new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } });
        await admin.PatchAsync(ControllerKinds.Models, new(ns, name), status, default);
    }

    private sealed class Sink : IPoolSink
    {
        public ConcurrentDictionary<NamespacedName, PoolDocument> Documents { get; } = new();

        public bool Publish(NamespacedName key, PoolDocument document)
        {
            var isNew = !Documents.TryGetValue(key, out var before) || before.Revision != document.Revision;
            Documents[key] = document;
            return isNew;
        }

        public void Remove(NamespacedName key) => Documents.TryRemove(key, out _);

        public Task SaysAsync(NamespacedName pool, string models) => Eventually.TrueAsync(
            () => Documents.TryGetValue(pool, out var document) && Words(document) == models, $"told are: {models}");

        private static string Words(PoolDocument document) => string.Join(
            ", ", document.Models.Select(m => $"{m.Package.Version} {(m.IsRequired ? "required" : "offered")}"));
    }
}
