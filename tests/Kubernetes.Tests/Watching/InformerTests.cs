using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Tests.Client;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Tests.Watching;

[Collection(ApiServerCollection.Name)]
public sealed class InformerTests(TestApiServer server)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly InformerOptions Quick = new()
    {
        BackOffFirst = TimeSpan.FromMilliseconds(5),
        BackOffMax = TimeSpan.FromMilliseconds(50),
    };

    [Fact]
    public async Task RunAsync_ChangesOfEveryKind_AreInTheCacheAndReportedInOrder()
    {
        await using var run = await Running.StartAsync(server, Quick);
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        await run.SetAsync("a", "2");
        await run.SeesAsync("a", "2");
        await run.DeleteAsync("a");
        await run.MissesAsync("a");
        Assert.Equal(["+a1", "~a2", "-a2"], run.Changes);
    }

    [Fact]
    public async Task Subscribe_ObjectsAlreadyCached_AreReportedFirst()
    {
        await using var run = await Running.StartAsync(server, Quick);
        await run.CreateAsync("early");
        await run.SeesAsync("early", "1");
        var late = new ConcurrentQueue<string>();
        run.Informer.Subscribe(change => late.Enqueue(change.Key.Name));
        Assert.Equal(["early"], late);
    }

    [Fact]
    public async Task Indexes_ChangedObject_MovesFromOneValueToTheOther()
    {
        await using var run = await Running.StartAsync(server, Quick);
        var byValue = run.Informer.Cache.AddIndex(o => [o.Text("data", "value") ?? ""]);
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        Assert.Equal("a", Assert.Single(byValue.Find("1")).Metadata.Name);
        await run.SetAsync("a", "2");
        await run.SeesAsync("a", "2");
        Assert.Empty(byValue.Find("1"));
        Assert.Single(byValue.Find("2"));
        Assert.Single(run.Informer.Cache.ByNamespace.Find(run.Namespace));
        Assert.Single(run.Informer.Cache.AddIndex(o => [o.Metadata.Name]).Find("a")); // built from what is there
    }

    [Fact]
    public async Task WatchIsCut_ChangesMeanwhile_AreSeenWithoutAnotherList()
    {
        await using var run = await Running.StartAsync(server, Quick);
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        for (var i = 2; i < 6; i++)
        {
            run.Proxy.CutWatches();
            await run.SetAsync("a", $"{i}");
            await run.SeesAsync("a", $"{i}");
        }

        Assert.Equal(1, run.Lists);
        Assert.Equal(["+a1", "~a2", "~a3", "~a4", "~a5"], run.Changes);
    }

    [Fact]
    public async Task WatchExpired_DeletionMeanwhile_IsFoundByListingAgain()
    {
        await using var run = await Running.StartAsync(server, Quick);
        await run.CreateAsync("stays");
        await run.CreateAsync("goes");
        await run.SeesAsync("goes", "1");
        run.Proxy.SilenceWatches(); // the deletion is not reported
        await run.DeleteAsync("goes");
        run.Proxy.Unsilence();
        run.Proxy.ExpireWatches();
        await run.MissesAsync("goes");
        Assert.Equal(2, run.Lists);
        Assert.Equal(["+stays1", "+goes1", "-goes1"], run.Changes);
    }

    [Fact]
    public async Task WatchExpiredByEtcd_OldVersion_IsReportedAsExpired()
    {
        using var client = server.Client();
        var type = new ResourceType("", "v1", "limitranges", "LimitRange", ResourceScope.Namespaced).AsJson();
        var old = await client.ListAsync(type, ListOptions.All, None);
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "newer"), None);
        await server.CompactAsync();
        var expired = await Assert.ThrowsAsync<KubernetesApiException>(async () =>
        {
            var watch = client.WatchAsync(type, ListOptions.All, old.ResourceVersion, WatchLimits.Default, None);
            await foreach (var _ in watch)
            {
                // The first answer is the refusal.
            }
        });
        Assert.True(expired.IsExpired);
    }

    [Fact]
    public async Task ConnectionFallsSilent_ChangeMeanwhile_IsSeenAfterReconnecting()
    {
        var limits = new WatchLimits(TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(300));
        await using var run = await Running.StartAsync(server, Quick with { Limits = limits });
        run.Proxy.SilenceWatches();
        await run.CreateAsync("unheard");
        run.Proxy.Unsilence();
        await run.SeesAsync("unheard", "1");
        Assert.Equal(1, run.Lists);
    }

    [Fact]
    public async Task ServerEndsTheWatch_InDueTime_ResumesWithoutAProblem()
    {
        var limits = new WatchLimits(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await using var run = await Running.StartAsync(server, Quick with { Limits = limits });
        await Eventually.TrueAsync(() => run.Watches >= 3, "the server ended the watch twice");
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        Assert.Equal(1, run.Lists);
        Assert.Null(run.Informer.LastProblem);
    }

    [Fact]
    public async Task ServerFailsForAWhile_CacheStays_AndCatchesUp()
    {
        await using var run = await Running.StartAsync(server, Quick);
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        run.Proxy.Fail(100_000);
        run.Proxy.CutWatches();
        // First the broken connection shows, then the refusals.
        await Eventually.TrueAsync(
            () => run.Informer.LastProblem?.Contains("503", StringComparison.Ordinal) == true, "the failure shows");
        Assert.NotNull(run.Informer.Cache.Get(new(run.Namespace, "a")));
        run.Proxy.Repair();
        await Eventually.TrueAsync(() => run.Informer.LastProblem is null, "the informer recovers");
        await run.SetAsync("a", "2");
        await run.SeesAsync("a", "2");
    }

    [Fact]
    public async Task ServerFailsOnce_WithoutAnyChange_ProblemGoesAwayByResuming()
    {
        await using var run = await Running.StartAsync(server, Quick);
        var started = run.Watches;
        run.Proxy.Fail(1);
        run.Proxy.CutWatches();
        await Eventually.TrueAsync(() => run.Watches >= started + 2, "it resumed after the failure");
        await Eventually.TrueAsync(() => run.Informer.LastProblem is null, "the problem goes away");
        Assert.Equal(1, run.Lists);
    }

    [Fact]
    public async Task BrokenEvents_AreSkippedByReconnecting()
    {
        await using var run = await Running.StartAsync(server, Quick);
        run.Proxy.GarbleWatches(2);
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
    }

    [Fact]
    public async Task MissingRights_FirstList_NeverSyncsAndSaysWhy()
    {
        using var client = server.Client(TestApiServer.NobodyToken);
        var informer = new Informer<KubernetesObject>(client, BuiltIn.Pods, Quick, TestApiServer.Services);
        var set = new InformerSet();
        set.Add(informer);
        using var stop = new CancellationTokenSource();
        var work = set.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => informer.LastProblem is not null, "the refusal shows");
        Assert.False(set.HasSynced);
        Assert.Contains("grant the verb \"list\" on \"pods\"", Assert.Single(set.Unsynced()), StringComparison.Ordinal);
        await stop.CancelAsync();
        await work;
    }

    [Fact]
    public async Task ObjectDoesNotFitItsType_OthersGoOn_AndItsLastGoodStateStays()
    {
        // Only numbers can be read, as if a field had a type of its own.
        var numbers = BuiltIn.ConfigMaps.ReadAs(o => int.TryParse(o.Text("data", "value"), out _)
            ? o
            : throw new JsonException("value is not a number"));
        await using var run = await Running.StartAsync(server, Quick, numbers);
        var key = new NamespacedName(run.Namespace, "a");
        await run.CreateAsync("a");
        await run.SeesAsync("a", "1");
        await run.SetAsync("a", "bad");
        await Eventually.TrueAsync(() => run.Informer.Cache.ProblemOf(key) is not null, "the problem shows");
        Assert.Equal("value is not a number", run.Informer.Cache.ProblemOf(key));
        await run.SeesAsync("a", "1");
        await run.CreateAsync("b");
        await run.SeesAsync("b", "1");

        run.Proxy.ExpireWatches(); // found unreadable by a list as well
        await Eventually.TrueAsync(() => run.Lists == 2, "it lists again");
        await run.SetAsync("a", "3");
        await run.SeesAsync("a", "3");
        Assert.Null(run.Informer.Cache.ProblemOf(key));
        await run.SetAsync("a", "worse");
        await Eventually.TrueAsync(() => run.Informer.Cache.ProblemOf(key) is not null, "the problem shows again");
        await run.DeleteAsync("a");
        await run.MissesAsync("a");
        Assert.Null(run.Informer.Cache.ProblemOf(key));
    }

    [Fact]
    public async Task ConflictingWrites_ThroughConflictRetry_SucceedInTheEnd()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "busy"), None);
        proxy.ConflictWrites(3);
        var retry = new ConflictRetry(TimeProvider.System, TestApiServer.Services.Jitter);
        var reads = 0;
        var written = await retry.RunAsync(
            async ct =>
            {
                reads++;
                var body = (await client.GetAsync(BuiltIn.ConfigMaps, new(ns, "busy"), ct)).ToNode();
                body["data"] = new JsonObject { ["value"] = "done" };
                return await client.ReplaceAsync(BuiltIn.ConfigMaps, body, ct);
            },
            None);
        Assert.Equal("done", written.Text("data", "value"));
        Assert.Equal(4, reads);

        proxy.ConflictWrites(5);
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => retry.RunAsync(
            ct => client.ReplaceAsync(BuiltIn.ConfigMaps, written.ToNode(), ct), None));
        Assert.True(e.IsConflict);
    }

    /// <summary>An informer on the config maps of one new namespace, through a fault proxy.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _changes = new();
        private readonly KubernetesClient _direct;
        private readonly KubernetesClient _faulty;
        private readonly Task _work;

        private Running(
            TestApiServer server,
            FaultProxy proxy,
            string ns,
            InformerOptions options,
            ResourceType<KubernetesObject> type)
        {
            Proxy = proxy;
            Namespace = ns;
            _direct = server.Client();
            _faulty = TestApiServer.Client(proxy);
            // The cluster's own maps are left out.
            var selection = new ListOptions { Namespace = ns, FieldSelector = "metadata.name!=kube-root-ca.crt" };
            Informer = new Informer<KubernetesObject>(
                _faulty, type, options with { Selection = selection }, TestApiServer.Services);
            Informer.Subscribe(change => _changes.Enqueue(Describe(change)));
            _work = Informer.RunAsync(_stop.Token);
        }

        public Informer<KubernetesObject> Informer { get; }

        public FaultProxy Proxy { get; }

        public string Namespace { get; }

        public IEnumerable<string> Changes => _changes;

        public int Lists => Proxy.Requests.Count(r => !r.Contains("watch=true", StringComparison.Ordinal));

        public int Watches => Proxy.Requests.Count(r => r.Contains("watch=true", StringComparison.Ordinal));

        public static async Task<Running> StartAsync(
            TestApiServer server, InformerOptions options, ResourceType<KubernetesObject>? type = null)
        {
            var ns = await server.NamespaceAsync();
            var running = new Running(server, await server.ProxyAsync(), ns, options, type ?? BuiltIn.ConfigMaps);
            await running.Informer.WaitForSyncAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(1));
            await Eventually.TrueAsync(() => running.Proxy.RunningWatches > 0, "the watch runs");
            return running;
        }

        public async Task CreateAsync(string name) =>
            await _direct.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(Namespace, name), None);

        public async Task SetAsync(string name, string value) => await _direct.PatchAsync(
            BuiltIn.ConfigMaps,
            new(Namespace, name),
            Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["value"] = value } }),
            None);

        public async Task DeleteAsync(string name) =>
            await _direct.DeleteAsync(BuiltIn.ConfigMaps, new(Namespace, name), new DeleteOptions(), None);

        public Task SeesAsync(string name, string value) => Eventually.TrueAsync(
            () => Informer.Cache.Get(new(Namespace, name))?.Text("data", "value") == value,
            $"{name} is {value} in the cache");

        public Task MissesAsync(string name) => Eventually.TrueAsync(
            () => Informer.Cache.Get(new(Namespace, name)) is null, $"{name} is gone from the cache");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _work;
            await Proxy.DisposeAsync();
            _direct.Dispose();
            _faulty.Dispose();
            _stop.Dispose();
        }

        private static string Describe(InformerChange<KubernetesObject> change)
        {
            var sign = change switch { { Current: null } => "-", { Previous: null } => "+", _ => "~" };
            return $"{sign}{change.Key.Name}{change.Latest?.Text("data", "value")}";
        }
    }
}
