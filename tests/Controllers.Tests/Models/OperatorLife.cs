using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>
/// One process of the operator, as far as rollouts go: its caches, what it holds in memory, and the reconcilers, called
/// one after the other instead of by a loop. Another life starts from the cluster alone.
/// </summary>
internal sealed class OperatorLife : IAsyncDisposable
{
    private static readonly PackageTrust Trust = new("", allowUnsigned: true, null);

    private readonly RolloutWorld _world;
    private readonly KubernetesClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new();
    private readonly TestOutside _outside = TestOutside.Loopback(null);
    private readonly Informer<Resource<ModelVersion>> _models;
    private readonly SidecarReports _reports;
    private readonly ModelPackages _packages;
    private readonly RolloutController _controller;
    private readonly Task _running;

    private OperatorLife(RolloutWorld world, KubernetesClient client)
    {
        (_world, _client) = (world, client);
        var services = TestApiServer.Services;
        var informers = new InformerSet();
        _models = informers.Add(
            new Informer<Resource<ModelVersion>>(client, ControllerKinds.Models, new InformerOptions(), services));
        var pods = informers.Add(new Informer<PodView>(
            client, PodView.TypeFor(RolloutWorld.SidecarImage), new InformerOptions(), services));
        // Rollouts ask for pods only.
        var coverage = CoverageCaches.Add(
            new InformerSet(), client, services, RolloutWorld.SidecarImage) with { Pods = pods };
        _reports = new SidecarReports(
            pods.Cache.Get, new SidecarReportOptions { SoonestAfter = TimeSpan.Zero }, TimeProvider.System);
        _packages = new ModelPackages(
            _models, [new BuiltinArtifactSource(RolloutWorld.PackagesFolder)],
                new PublicKeys(client, TimeProvider.System, Trust),
            new Packages(), Trust);
        var settings = new EvaluationSettings(
            "registry.local/sidecar", "https://operator", "waf-operator", "ca", "ca.crt");
        _controller = new RolloutController(
            client, _models, _packages, new ModelEvaluator(client, settings), new RolloutCounting(coverage, _reports),
            new RolloutGates(_outside.Http), new RejectedModels(client, world.Time), new StatusWriter(client),
            new EventRecorder(client, "waf-operator", services), world.Time, _ => world.Policies);
        _running = informers.RunAsync(_stop.Token);
        Synced = informers.WaitForSyncAsync(_stop.Token);
    }

    private Task Synced { get; }

    public static async Task<OperatorLife> StartAsync(RolloutWorld world, KubernetesClient client)
    {
        var life = new OperatorLife(world, client);
        await life.Synced.WaitAsync(TimeSpan.FromSeconds(30));
        return life;
    }

    /// <summary>
    /// Works on every version once, as often as it takes until <paramref name="isDone"/>; a second passes each time.
    /// </summary>
    public async Task RunUntilAsync(Func<IReadOnlyList<Resource<ModelVersion>>, bool> isDone, int roundsMax = 60)
    {
        for (var round = 0; round < roundsMax; round++)
        {
            await CatchUpAsync();
            foreach (var version in await _world.VersionsAsync())
            {
                await _packages.ReconcileAsync(version.Metadata.Key, CancellationToken.None);
                await _world.ReportAsync(_reports);
                await _controller.ReconcileAsync(version.Metadata.Key, CancellationToken.None);
                await CatchUpAsync();
            }

            await _world.RunJobsAsync();
            _world.Time.Advance(TimeSpan.FromSeconds(1));
            if (isDone(await _world.VersionsAsync())) return;
        }

        Assert.Fail("the rollouts did not end: " + string.Join(
            "; ", (await _world.VersionsAsync())
                .Select(v => $"{v.Metadata.Name} {v.Value.Status?.Phase} {v.Value.Status?.Message}")));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // The normal end.
        }

        _stop.Dispose();
        _http.Dispose();
        _outside.Dispose();
        _client.Dispose();
    }

    /// <summary>Waits until the cache shows what the server has.</summary>
    private async Task CatchUpAsync()
    {
        var now = (await _world.VersionsAsync()).ToDictionary(v => v.Metadata.Key, v => v.Metadata.ResourceVersion);
        await Eventually.TrueAsync(
            () => now.All(v => _models.Cache.Get(v.Key)?.Metadata.ResourceVersion == v.Value), "the cache catches up");
    }

    private sealed class Packages : IPackageStore
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
