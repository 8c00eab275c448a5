using System.Text.Json.Nodes;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Sidecars;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Controllers.Tests.Models;
using WafOperator.Injection;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Controllers.Tests.Coverage;

/// <summary>
/// Repair against real ReplicaSets and disruption budgets, with a clock of the test's. No webhook runs: successors are
/// bare, or as the injector makes them where the test says so. What is looked at is who is evicted, and when.
/// </summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class CoverageRepairTests(RealControlPlane plane)
{
    private const string Asks = """{"wafoperator.dev/inject": "true"}""";

    [Fact]
    public async Task APolicy_HasAMomentToReachAllReplicas()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1);

        Assert.Equal(TimeSpan.FromSeconds(5), world.FirstLook);
        Assert.Equal(TimeSpan.FromSeconds(30), await world.ReconcileAsync());
    }

    [Fact]
    public async Task BarePods_AreEvictedOneAtATime_WithAPause()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1);
        var before = await world.ReadyAsync(3);
        await world.InjectFromNowOnAsync();

        Assert.Equal(TimeSpan.FromSeconds(30), await world.ReconcileAsync());
        var after = await world.ReadyAsync(3);
        Assert.Equal(2, after.Intersect(before).Count());

        world.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(20), await world.ReconcileAsync());
        Assert.Equal(after, await world.ReadyAsync(3));

        world.Time.Advance(TimeSpan.FromSeconds(20));
        await world.ReconcileAsync();
        Assert.Equal(2, (await world.ReadyAsync(3)).Intersect(after).Count());
    }

    [Fact]
    public async Task ADisruptionBudgetThatAllowsNone_IsKept()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 3);
        var before = await world.ReadyAsync(3);

        Assert.True(await world.ReconcileAsync() > TimeSpan.Zero);

        Assert.Equal(before, await world.ReadyAsync(3));
    }

    [Fact]
    public async Task WhileAnotherPodIsNotReady_NoneThatServesIsEvicted()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1);
        var before = await world.ReadyAsync(3);
        await world.InjectFromNowOnAsync();
        world.AreNewPodsReady = false;
        Assert.NotNull(await world.ReconcileAsync());
        await world.CountAsync(3);
        world.Time.Advance(TimeSpan.FromMinutes(5));
        await world.ReconcileAsync();
        await world.CountAsync(3);

        Assert.Equal(2, (await world.UidsAsync()).Intersect(before).Count());
    }

    [Theory]
    [InlineData("{}", false, 0)]
    [InlineData("{}", true, 1)]
    [InlineData("""{"wafoperator.dev/inject": "false"}""", false, 0)]
    [InlineData("""{"wafoperator.dev/inject": "false"}""", true, 1)]
    public async Task PodsWhoseSuccessorsWouldBeBare_StayWhereTheyAre(string annotations, bool isRequired, int evicted)
    {
        await using var world = await World.StartAsync(plane, annotations, budgetMin: 1, isRequired);
        var before = await world.ReadyAsync(3);

        await world.ReconcileAsync();

        Assert.Equal(3 - evicted, (await world.ReadyAsync(3)).Intersect(before).Count());
    }

    [Fact]
    public async Task APodWithoutAController_IsNeverEvicted()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1, replicas: 0);
        await world.CreateBareAsync();
        var before = await world.ReadyAsync(1);

        Assert.Null(await world.ReconcileAsync());

        Assert.Equal(before, await world.ReadyAsync(1));
    }

    /// <summary>Namespaces that are not sent to the injector, and what nobody thought of.</summary>
    [Fact]
    public async Task ASuccessorThatCameBackBare_IsTheLast()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1);
        var before = await world.ReadyAsync(3);
        await world.ReconcileAsync();
        await world.ReadyAsync(3);

        for (var i = 0; i < 3; i++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(31));
            Assert.True(await world.ReconcileAsync() > TimeSpan.FromMinutes(50));
            Assert.Equal(2, (await world.ReadyAsync(3)).Intersect(before).Count());
        }

        Assert.Contains("came back without a sidecar", world.Stop?.Words, StringComparison.Ordinal);
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Null(world.Stop);
    }

    [Fact]
    public async Task APodWhoseSuccessorWouldBeRefused_StaysWhereItIs()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1);
        var before = await world.ReadyAsync(3);
        world.Refusal = "no port is left to protect";

        Assert.Equal(TimeSpan.FromMinutes(10), await world.ReconcileAsync());
        Assert.Equal(before, await world.ReadyAsync(3));
        Assert.Contains("no port is left to protect", world.Stop?.Words, StringComparison.Ordinal);
        Assert.Equal("shop", world.StoppedPolicy?.Name);

        world.Refusal = null;
        world.Time.Advance(TimeSpan.FromMinutes(11));
        await world.ReconcileAsync();
        Assert.Equal(2, (await world.ReadyAsync(3)).Intersect(before).Count());
    }

    /// <summary>The injector's own word on a pod of the cluster, and the API server's on its namespace.</summary>
    [Fact]
    public async Task RefusalOfASuccessor_IsWhatAdmissionWouldSay()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1, replicas: 0);
        await world.CreateBareAsync();
        await world.CreateBareAsync("tls", "https");
        await world.ReadyAsync(2);

        Assert.Null(await world.RefusalAsync("bare"));
        Assert.Contains("no port is left", await world.RefusalAsync("tls"), StringComparison.Ordinal);
        world.Labels = new Dictionary<string, string> { ["wafoperator.dev/injection"] = "disabled" };
        Assert.Contains("not sent to the injector", await world.RefusalAsync("bare"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutTheWish_NothingIsEvicted()
    {
        await using var world = await World.StartAsync(plane, Asks, budgetMin: 1, repairs: false);
        var before = await world.ReadyAsync(3);

        Assert.Null(await world.ReconcileAsync());

        Assert.Equal(before, await world.ReadyAsync(3));
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly KubernetesClient _admin;
        private readonly KubernetesClient _client;
        private readonly CancellationTokenSource _stop = new();
        private readonly InformerSet _informers = new();
        private readonly CoverageCaches _caches;
        private readonly PolicyCaches _policies;
        private readonly PolicyCoverage _coverage;
        private readonly CoverageRepairController _controller;
        private readonly string _ns;
        private PretendNode? _node;
        private Task _running = Task.CompletedTask;

        private World(RealControlPlane plane, string ns)
        {
            (_ns, _admin) = (ns, plane.Client());
            _client = plane.Client(RealControlPlane.OperatorToken);
            var services = TestApiServer.Services;
            var policies = PolicyCaches.Add(_informers, _client, services);
            _caches = CoverageCaches.Add(_informers, _client, services, RolloutWorld.SidecarImage);
            var reports = new SidecarReports(_caches.Pods.Cache.Get, new SidecarReportOptions(), Time);
            _coverage = new PolicyCoverage(policies, _caches, reports);
            _coverage.Repairs.Stopped += policy => StoppedPolicy = policy;
            _controller = new CoverageRepairController(
                _client, _coverage,
                (_, _, _) => Task.FromResult(Refusal), new EventRecorder(_client, "waf-operator", services), Time);
            _policies = policies;
        }

        public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

        public bool AreNewPodsReady { get; set; } = true;

        /// <summary>What the policy's status is told of a repair that has stopped.</summary>
        public RepairStop? Stop => _coverage.Repairs.Find(
            _policies.Policies.Cache.Get(new NamespacedName(_ns, "shop"))!.Metadata, Time.GetUtcNow());

        /// <summary>The policy whose status was to be written anew.</summary>
        public NamespacedName? StoppedPolicy { get; private set; }

        /// <summary>What the first look at the policy said.</summary>
        public TimeSpan? FirstLook { get; private set; }

        /// <summary>Why successors would be bare.</summary>
        public string? Refusal { get; set; }

        /// <summary>Labels of the namespace.</summary>
        public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

        public static async Task<World> StartAsync(
            RealControlPlane plane, string annotations, int budgetMin, bool isRequired = false, int replicas = 3,
            bool repairs = true)
        {
            var world = new World(plane, await plane.NamespaceAsync());
            world._node = await PretendNode.StartAsync(
                plane.Client(), $"node-of-{world._ns}", new Dictionary<string, int>(),
                _ => world.AreNewPodsReady ? "127.0.0.1" : null);
            await world.CreateAsync(annotations, budgetMin, isRequired, replicas, repairs);
            world._running = world._informers.RunAsync(world._stop.Token);
            await world._informers.WaitForSyncAsync(default).WaitAsync(TimeSpan.FromSeconds(30));
            await world.ReadyAsync(replicas);
            world.FirstLook = await world.ReconcileAsync();
            world.Time.Advance(TimeSpan.FromSeconds(5));
            return world;
        }

        /// <summary>One look; when the next one is wanted. The cache shows first what the server has.</summary>
        public async Task<TimeSpan?> ReconcileAsync()
        {
            var pods = await PodsAsync();
            await Eventually.TrueAsync(
                () => pods.All(pod => _caches.Pods.Cache.Get(pod.Metadata.Key)?.Metadata.ResourceVersion
                    == pod.Metadata.ResourceVersion)
                    && _caches.Pods.Cache.ByNamespace.Find(_ns).Count == pods.Count,
                "the cache shows the pods");
            return (await _controller.ReconcileAsync(new NamespacedName(_ns, "shop"), default)).RequeueAfter;
        }

        /// <summary>Uids of the pods, once so many run and are ready.</summary>
        public async Task<IReadOnlyList<string>> ReadyAsync(int count)
        {
            await Eventually.TrueAsync(async () =>
            {
                var pods = await PodsAsync();
                return pods.Count == count && pods.All(p => p.Text("status", "phase") == "Running");
            }, "the pods are ready");
            // Budgets are counted by a controller that is a moment behind.
            await Eventually.TrueAsync(async () => count == 0
                || (await _admin.GetAsync(Budgets, new NamespacedName(_ns, "shop"), default))
                    .At("status", "currentHealthy")?.GetInt32() == count, "the budget is counted");
            return await UidsAsync();
        }

        public Task CountAsync(int count) =>
            Eventually.TrueAsync(async () => (await PodsAsync()).Count == count, "the pods are there");

        public async Task<IReadOnlyList<string>> UidsAsync() => [.. (await PodsAsync()).Select(p => p.Metadata.Uid)];

        public async Task CreateBareAsync(string name = "bare", string port = "http")
        {
            var pod = Pod(name, Asks);
            pod["spec"]!["containers"]![0]!["ports"]![0]!["name"] = port;
            await _admin.CreateAsync(BuiltIn.Pods, pod, default);
        }

        /// <summary>New pods are what the injector makes of the template.</summary>
        public async Task InjectFromNowOnAsync()
        {
            var pod = Pod("", Asks);
            pod["metadata"]!.AsObject().Remove("name");
            var injected = Assert.IsType<InjectionDecision.Inject>(Injector.Decide(new PodInjectionInput
            {
                Pod = pod, Namespace = _ns, Policy = new PolicyChoice.Found("shop", new()), Settings = Injection,
            })).Pod;
            injected["metadata"]!.AsObject().Remove("namespace");
            injected["metadata"]!["labels"]!["made-by"] = "set";
            // What admission of a whole cluster adds; a token needs an account.
            injected["spec"]!["serviceAccountName"] = "default";
            await _admin.PatchAsync(
                BuiltIn.ReplicaSets, new NamespacedName(_ns, "shop"),
                Patch.Json(new JsonObject
                {
                    ["op"] = "replace", ["path"] = "/spec/template", ["value"] = injected,
                }), default);
        }

        /// <summary>What the check says of a pod.</summary>
        public async Task<string?> RefusalAsync(string pod)
        {
            var name = $"webhooks-{_ns}";
            await _admin.ApplyAsync(BuiltIn.MutatingWebhookConfigurations, Json($$"""
                {"metadata": {"name": "{{name}}"},
                 "webhooks": [{"name": "pods.wafoperator.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                  "clientConfig": {"url": "https://127.0.0.1:1/none"}, "failurePolicy": "Ignore",
                  "rules": [{"apiGroups": ["none"], "apiVersions": ["v1"], "operations": ["CREATE"],
                   "resources": ["none"]}],
                  "namespaceSelector": {"matchExpressions": [
                   {"key": "wafoperator.dev/injection", "operator": "NotIn", "values": ["disabled"]}]} }] }
                """), new ApplyOptions(), default);
            var check = new SuccessorCheck(_admin, _caches, _ => Labels, () => Injection, name);
            var key = new NamespacedName(_ns, "shop");
            await Eventually.TrueAsync(
                () => _caches.Pods.Cache.Get(new NamespacedName(_ns, pod)) is not null
                    && _policies.Policies.Cache.Get(key) is not null, "the caches have them");
            var refusal = await check.RefusalAsync(
                _policies.Policies.Cache.Get(key)!, _caches.Pods.Cache.Get(new NamespacedName(_ns, pod))!, default);
            await _admin.DeleteAsync(
                BuiltIn.MutatingWebhookConfigurations, NamespacedName.Cluster(name), new DeleteOptions(), default);
            return refusal;
        }

        private static InjectionSettings Injection { get; } = new()
        {
            SidecarImage = RolloutWorld.SidecarImage + ":1", InitImage = "registry.local/init:1",
            OperatorUrl = "https://waf-operator.waf-system.svc:9444",
        };

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

            await _admin.DeleteAsync(
                BuiltIn.ReplicaSets, new NamespacedName(_ns, "shop"), new DeleteOptions(), default);
            if (_node is not null) await _node.DisposeAsync();
            _stop.Dispose();
            _client.Dispose();
            _admin.Dispose();
        }

        private static ResourceType<KubernetesObject> Budgets => BuiltIn.PodDisruptionBudgets("v1beta1");

        private async Task<IReadOnlyList<KubernetesObject>> PodsAsync()
        {
            var pods = await _admin.ListAsync(BuiltIn.Pods, new ListOptions { Namespace = _ns }, default);
            return [.. pods.Items.Where(p => !p.Metadata.IsBeingDeleted).OrderBy(p => p.Metadata.Uid)];
        }

        private async Task CreateAsync(string annotations, int budgetMin, bool isRequired, int replicas, bool repairs)
        {
            await _admin.CreateAsync(ControllerKinds.Policies, Json($$"""
                {"metadata": {"name": "shop", "namespace": "{{_ns}}"},
                 "spec": {"targetRefs": [{"kind": "Pod", "selector": {"matchLabels": {"app": "shop"} } }],
                  "interception": {"repairByEviction": {{Text(repairs)}}, "required": {{Text(isRequired)}} } } }
                """), default);
            await _admin.CreateAsync(Budgets, Json($$"""
                {"metadata": {"name": "shop", "namespace": "{{_ns}}"},
                 "spec": {"minAvailable": {{budgetMin}}, "selector": {"matchLabels": {"app": "shop"} } } }
                """), default);
            var template = Pod("", annotations);
            template["metadata"]!.AsObject().Remove("name");
            // Pods that the test makes are not taken over.
            template["metadata"]!["labels"]!["made-by"] = "set";
            var set = Json($$"""
                {"metadata": {"name": "shop", "namespace": "{{_ns}}"},
                 "spec": {"replicas": {{replicas}},
                  "selector": {"matchLabels": {"app": "shop", "made-by": "set"} } } }
                """);
            set["spec"]!["template"] = template;
            await _admin.CreateAsync(BuiltIn.ReplicaSets, set, default);
        }

        private JsonObject Pod(string name, string annotations) => Json($$"""
            {"metadata": {"name": "{{name}}", "namespace": "{{_ns}}", "labels": {"app": "shop"},
              "annotations": {{annotations}} },
             "spec": {"nodeSelector": {"node": "node-of-{{_ns}}"}, "terminationGracePeriodSeconds": 0,
              "containers": [{"name": "shop", "image": "x", "ports": [{"name": "http", "containerPort": 8080}]}] } }
            """);

        private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

        private static string Text(bool value) => value ? "true" : "false";
    }
}
