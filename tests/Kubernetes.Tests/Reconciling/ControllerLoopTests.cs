using System.Collections.Concurrent;
using WafOperator.Fixtures;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Telemetry;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Tests.Client;
using WafOperator.Kubernetes.Watching;
using WafOperator.Telemetry;

namespace WafOperator.Kubernetes.Tests.Reconciling;

[Collection(ApiServerCollection.Name)]
public sealed class ControllerLoopTests(TestApiServer server)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly ControllerOptions Quick = new()
    {
        Queue = new WorkQueueOptions
        {
            BackOffFirst = TimeSpan.FromMilliseconds(1),
            BackOffMax = TimeSpan.FromMilliseconds(20),
        },
    };

    [Fact]
    public async Task RunAsync_RealServer_ReconcilesWhatExistsAndWhatChanges()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "before"), None);
        var seen = new ConcurrentQueue<NamespacedName>();
        var owners = new ConcurrentQueue<NamespacedName>();
        await using var run = new Running(client, ns, (key, _) =>
        {
            (key.Name == "owner" ? owners : seen).Enqueue(key);
            return ReconcileResult.Done;
        });
        await Eventually.TrueAsync(() => seen.Contains(new(ns, "before")), "the existing object is reconciled");
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "after"), None);
        await Eventually.TrueAsync(() => seen.Contains(new(ns, "after")), "the new object is reconciled");
        var count = seen.Count;
        await client.DeleteAsync(BuiltIn.ConfigMaps, new(ns, "before"), new DeleteOptions(), None);
        await Eventually.TrueAsync(() => seen.Skip(count).Contains(new(ns, "before")), "the deletion is reconciled");
        Assert.NotEmpty(owners);
    }

    [Fact]
    public async Task RunAsync_WithARank_BeginsWithTheLowest()
    {
        var seen = new ConcurrentQueue<string>();
        var loop = new ControllerLoop(
            "test", new RankRecorder(seen),
            Quick with { Workers = 1, Rank = key => key.Name == "serves" ? 0 : 1 }, TestApiServer.Services);
        foreach (var name in new[] { "tried", "waits", "serves" }) loop.Always(new NamespacedName("shop", name));
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => seen.Count == 3, "all three are worked on");
        Assert.Equal(["serves", "tried", "waits"], seen);
        await stop.CancelAsync();
        await running;
    }

    private sealed class RankRecorder(ConcurrentQueue<string> seen) : IReconciler
    {
        public ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
        {
            seen.Enqueue(key.Name);
            return ValueTask.FromResult(ReconcileResult.Done);
        }
    }

    [Fact]
    public async Task RunAsync_ReconcilerThrows_OthersGoOnAndTheKeyIsRetried()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "bad"), None);
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "good"), None);
        var attempts = new ConcurrentDictionary<string, int>();
        await using var run = new Running(client, ns, (key, _) =>
        {
            var attempt = attempts.AddOrUpdate(key.Name, 1, (_, n) => n + 1);
            return key.Name == "bad" && attempt < 5
                ? throw new InvalidOperationException("a bug")
                : ReconcileResult.Done;
        });
        await Eventually.TrueAsync(() =>
            attempts.GetValueOrDefault("bad") == 5, "the failing key is tried until it succeeds");
        await Eventually.TrueAsync(() => attempts.ContainsKey("good"), "the other key is reconciled");
        Assert.Equal(4, RuntimeMetrics.Panics.Of(run.Name).Value);
    }

    [Fact]
    public async Task RunAsync_Traced_EveryReconcileIsASpanWithItsResult()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "traced"), None);
        var attempts = 0;
        var settings = new TraceSettings { IsOn = true, Ratio = 1, Endpoint = collector.Endpoint };
        var resource = new Dictionary<string, string>();
        using (var export = TraceExport.Start(settings, resource, RuntimeTraces.Source))
        {
            await using var run = new Running(client, ns, (key, _) => key.Name != "traced" ? ReconcileResult.Done
                : Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("a bug")
                : ReconcileResult.Done);
            await Eventually.TrueAsync(() =>
            {
                export!.Flush(1_000);
                return collector.Spans.Count(span => span.Attributes.GetValueOrDefault("k8s.object") == "traced"
                    && span.Attributes["k8s.namespace.name"] == ns) >= 2;
            }, "both attempts are spans");
        }

        var results = collector.Spans.Where(span => span.Attributes.GetValueOrDefault("k8s.object") == "traced"
            && span.Attributes["k8s.namespace.name"] == ns).Select(span => span.Attributes["result"]).ToList();
        Assert.Equal(["panic", "done"], results[..2]);
    }

    [Fact]
    public async Task RunAsync_TerminalException_RestsUntilTheObjectChanges()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        var created = await client.CreateAsync(
            BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "hopeless"), None);
        var attempts = 0;
        var others = 0;
        await using var run = new Running(client, ns, (key, _) =>
        {
            if (key.Name != "hopeless")
            {
                Interlocked.Increment(ref others);
                return ReconcileResult.Done;
            }

            Interlocked.Increment(ref attempts);
            throw new TerminalReconcileException("it cannot work");
        });
        await Eventually.TrueAsync(() => attempts == 1 && others > 0, "the key is tried once");
        var body = created.ToNode();
        body["data"]!["value"] = "2";
        await client.ReplaceAsync(BuiltIn.ConfigMaps, body, None);
        await Eventually.TrueAsync(() => attempts == 2, "the change makes it tried again");
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task RunAsync_RequeueAfter_ComesBackWithoutAChange()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "timer"), None);
        var attempts = 0;
        await using var run = new Running(client, ns, (key, _) =>
            key.Name == "timer" && Interlocked.Increment(ref attempts) < 3
                ? ReconcileResult.After(TimeSpan.FromMilliseconds(10))
                : ReconcileResult.Done);
        await Eventually.TrueAsync(() => attempts == 3, "the key comes back twice");
    }

    [Fact]
    public async Task RunAsync_ReconcilerHangs_IsCancelledAndRetried()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "slow"), None);
        var attempts = 0;
        var options = Quick with { ReconcileTimeMax = TimeSpan.FromMilliseconds(50) };
        await using var run = new Running(
            client,
            ns,
            async (key, ct) =>
            {
                if (key.Name == "slow" && Interlocked.Increment(ref attempts) < 3) await Task.Delay(-1, ct);
                return ReconcileResult.Done;
            },
            options);
        await Eventually.TrueAsync(() => attempts == 3, "the hanging reconcile is given up twice");
    }

    [Fact]
    public async Task RunAsync_StoppedAndRunAgain_StartsFromEverythingThatIsThere()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "readable"), None);
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "broken"), None);
        var type = BuiltIn.ConfigMaps.ReadAs(o => o.Metadata.Name == "broken"
            ? throw new System.Text.Json.JsonException("broken")
            : o);
        var informer = new Informer<KubernetesObject>(
            client, type, new InformerOptions { Selection = ListOptions.In(ns) }, TestApiServer.Services);
        var seen = new ConcurrentQueue<string>();
        var loop = new ControllerLoop("again", new Recording(seen), Quick, TestApiServer.Services)
            .For(informer)
            .Always(new(ns, "always"));
        using var end = new CancellationTokenSource();
        var watching = informer.RunAsync(end.Token);
        for (var term = 0; term < 2; term++)
        {
            seen.Clear();
            using var stop = new CancellationTokenSource();
            var running = loop.RunAsync(stop.Token);
            await Eventually.TrueAsync(
                () => seen.Contains("readable") && seen.Contains("broken") && seen.Contains("always"), $"term {term}");
            await stop.CancelAsync();
            await running;
        }

        loop.Enqueue(new(ns, "nobody works")); // must not throw
        await end.CancelAsync();
        await watching;
    }

    private sealed class Recording(ConcurrentQueue<string> seen) : IReconciler
    {
        public ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
        {
            seen.Enqueue(key.Name);
            return new(ReconcileResult.Done);
        }
    }

    /// <summary>A controller of the config maps of one namespace, running with its informer.</summary>
    private sealed class Running : IAsyncDisposable, IReconciler
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Func<NamespacedName, CancellationToken, Task<ReconcileResult>> _reconcile;
        private readonly Task _work;

        public Running(
            KubernetesClient client, string ns, Func<NamespacedName, CancellationToken, ReconcileResult> reconcile)
            : this(client, ns, (key, ct) => Task.FromResult(reconcile(key, ct)), Quick)
        {
        }

        public Running(
            KubernetesClient client,
            string ns,
            Func<NamespacedName, CancellationToken, Task<ReconcileResult>> reconcile,
            ControllerOptions options)
        {
            _reconcile = reconcile;
            Name = $"controller-{ns}";
            var selection = new InformerOptions { Selection = ListOptions.In(ns) };
            var informer = new Informer<KubernetesObject>(
                client, BuiltIn.ConfigMaps, selection, TestApiServer.Services);
            var loop = new ControllerLoop(Name, this, options, TestApiServer.Services)
                .For(informer)
                .Watch(informer, change => [new(change.Key.Namespace, "owner")]);
            _work = Task.WhenAll(informer.RunAsync(_stop.Token), loop.RunAsync(_stop.Token));
        }

        public string Name { get; }

        public async ValueTask<ReconcileResult> ReconcileAsync(
            NamespacedName key, CancellationToken cancellationToken) =>
            await _reconcile(key, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _work;
            _stop.Dispose();
        }
    }
}
