using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Protocols;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Status;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>
/// A namespace of a real API server with one sidecar's pod, and what the cluster does around the operator: the kubelet
/// that ends evaluation Jobs, the sidecar that counts what the present step asks for.
/// </summary>
internal sealed class RolloutWorld : IAsyncDisposable
{
    private static readonly SemaphoreSlim Installing = new(1);
    private static bool _isInstalled;

    /// <summary>Image of the sidecar, as the operator injects it.</summary>
    public const string SidecarImage = "registry.local/sidecar";

    private RolloutWorld(TestApiServer server, string ns, KubernetesClient client) =>
        (Server, Namespace, Client) = (server, ns, client);

    public TestApiServer Server { get; }

    public string Namespace { get; }

    /// <summary>Somebody's own client, which no fault touches.</summary>
    public KubernetesClient Client { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Policies of the namespace.</summary>
    public List<WafPolicy> Policies { get; } = [];

    /// <summary>What the sidecar counts in a step.</summary>
    public Func<RolloutCounters, RolloutCounters> Traffic { get; set; } = Equal;

    /// <summary>What a comparison on labelled requests finds.</summary>
    public ModelComparison Feedback { get; set; } = new() { Digest = "", BaselineDigest = "", Benign00 = 200 };

    /// <summary>Evaluation Jobs end; else their pods never come.</summary>
    public bool RunsJobs { get; set; } = true;

    /// <summary>Jobs that compare on labelled requests end; else their pods never come.</summary>
    public bool RunsFeedback { get; set; } = true;

    /// <summary>What the comparison on the promoted version's corpus finds.</summary>
    public ModelComparison OnCorpus { get; set; } = new()
    {
        Digest = "", BaselineDigest = "", Corpus = "baseline", Benign00 = 300, Attack11 = 290, Attack00 = 10,
    };

    /// <summary>Both versions agree.</summary>
    public static RolloutCounters Equal(RolloutCounters counters) => counters with
    {
        PairsB0C0 = 4_000, PairsB1C1 = 1_000, AttackB1C1 = 1_000, BaselineDecided = 4_500, CandidateDecided = 500,
    };

    /// <summary>The candidate alone flags a tenth of the harmless requests.</summary>
    public static RolloutCounters Worse(RolloutCounters counters) => counters with
    {
        PairsB0C0 = 3_600, PairsB0C1 = 400, PairsB1C1 = 1_000, AttackB1C1 = 1_000, BaselineDecided = 4_500,
        CandidateDecided = 500,
    };

    public static async Task<RolloutWorld> CreateAsync(TestApiServer server)
    {
        await InstallKindsAsync(server);
        var world = new RolloutWorld(server, await server.NamespaceAsync(), server.Client());
        await world.CreatePodAsync("shop", new JsonObject { ["app"] = "shop" }, "waf-sidecar", new JsonObject
        {
            ["phase"] = "Running", ["podIP"] = "127.0.0.1",
        });
        return world;
    }

    /// <summary>A version of the released gate.</summary>
    public Task CreateVersionAsync(string name, string version, bool suspend = false)
    {
        var digest = ModelPackageReader.DigestOf(
            File.ReadAllBytes(Path.Combine(PackagesFolder, $"gate-{version}.tar")));
        return Client.CreateAsync(
            ControllerKinds.Models,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = Namespace, ["name"] = name },
                ["spec"] = new JsonObject
                {
                    ["model"] = "gate", ["version"] = version, ["suspend"] = suspend,
                    ["artifact"] = new JsonObject { ["uri"] = $"builtin://gate-{version}", ["digest"] = digest },
                    ["rollout"] = new JsonObject
                    {
                        ["shadow"] = new JsonObject { ["duration"] = "1s", ["minimumSamples"] = 100 },
                        ["analysis"] = new JsonObject { ["interval"] = "1s", ["minimumSamples"] = 100 },
                    },
                },
            },
            CancellationToken.None);
    }

    /// <summary>A version that was promoted before the test began.</summary>
    public async Task CreatePromotedAsync(string name, string version)
    {
        await CreateVersionAsync(name, version);
        var status = new JsonObject
        {
            ["phase"] = "Promoted", ["weight"] = 100, ["message"] = "promoted",
                ["phaseStartedAt"] = "2025-12-31T00:00:00Z",
            ["history"] = new JsonArray(new JsonObject { ["time"] = "2025-12-31T00:00:00Z", ["phase"] = "Promoted" }),
        };
        await Client.PatchAsync(
            ControllerKinds.Models, new NamespacedName(Namespace, name),
            Patch.MergeStatus(new JsonObject { ["status"] = status }), CancellationToken.None);
    }

    public Task PatchSpecAsync(string name, JsonObject spec) => Client.PatchAsync(
        ControllerKinds.Models, new NamespacedName(Namespace, name), Patch.Merge(new JsonObject { ["spec"] = spec }),
        CancellationToken.None);

    public async Task<IReadOnlyList<Resource<ModelVersion>>> VersionsAsync() => (await Client.ListAsync(
        ControllerKinds.Models, new ListOptions { Namespace = Namespace }, CancellationToken.None)).Items;

    public async Task<ModelVersionStatus> StatusAsync(string name) =>
        (await VersionsAsync()).First(v => v.Metadata.Name == name).Value.Status ?? new ModelVersionStatus();

    /// <summary>Folder of the released packages.</summary>
    public static string PackagesFolder { get; } =
        Path.Combine(KubernetesPrograms.RepositoryRoot(), "models", "packages");

    /// <summary>Ends evaluation Jobs that have no pod yet, with a good result.</summary>
    public async Task RunJobsAsync()
    {
        if (!RunsJobs) return;
        var options = new ListOptions { Namespace = Namespace };
        var pods = (await Client.ListAsync(BuiltIn.Pods, options, CancellationToken.None)).Items
            .Select(p => p.Metadata.Name).ToHashSet();
        foreach (var job in (await Client.ListAsync(BuiltIn.Jobs, options, CancellationToken.None)).Items)
        {
            if (pods.Contains(job.Metadata.Name)) continue;
            var result = new ModelEvaluation
            {
                Digest = "", Attacks = 300, Benign = 300, Recall = 0.97, Comparisons = ComparisonsOf(job),
            };
            var ended = new JsonObject
            {
                ["exitCode"] = 0, ["message"] = JsonSerializer.Serialize(result, ProtocolJson.Default.Options),
            };
            var labels = new JsonObject();
            foreach (var label in job.Metadata.Labels) labels[label.Key] = label.Value;
            if (labels.ContainsKey(EvaluationJob.FeedbackLabel) && !RunsFeedback) continue;
            if (labels.ContainsKey(EvaluationJob.FeedbackLabel))
                ended["message"] = JsonSerializer.Serialize(Feedback, ProtocolJson.Default.Options);
            await CreateJobPodAsync(job, labels, new JsonObject
            {
                ["phase"] = "Succeeded",
                ["containerStatuses"] = new JsonArray(new JsonObject
                {
                    ["name"] = "evaluate", ["image"] = "x", ["imageID"] = "x", ["ready"] = false, ["restartCount"] = 0,
                    ["state"] = new JsonObject { ["terminated"] = ended },
                }),
            });
        }
    }

    /// <summary>The sidecar pushes what it says to the operator.</summary>
    public async Task ReportAsync(SidecarReports reports)
    {
        var key = new NamespacedName(Namespace, "shop");
        var pod = await Client.TryGetAsync(BuiltIn.Pods, key, CancellationToken.None);
        Assert.Equal(ReportOutcome.Taken, reports.Accept(key, pod!.Metadata.Uid, await StatusAsync()));
    }

    public ValueTask DisposeAsync()
    {
        Client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What the sidecar says: it follows the versions' status at once.</summary>
    private async Task<SidecarStatus> StatusAsync()
    {
        var versions = await VersionsAsync();
        var baseline = versions.FirstOrDefault(v => v.Value.Status?.Phase is ModelPhase.Promoted);
        return new SidecarStatus
        {
            Policy = "shop",
            StartedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            Rollouts =
            [
                .. versions.Where(v => v.Value.Status?.Phase is ModelPhase.Shadow or ModelPhase.Canary)
                    .Select(v => Traffic(new RolloutCounters
                    {
                        Model = "gate",
                        BaselineDigest = baseline?.Value.Spec.Artifact.Digest ?? "",
                        CandidateDigest = v.Value.Spec.Artifact.Digest,
                        Salt = v.Metadata.Uid,
                        Step = v.Value.Status!.Phase is ModelPhase.Canary ? v.Value.Status.Step + 1 : 0,
                    })),
            ],
        };
    }

    /// <summary>What both versions do alike with the corpus of the promoted one, where there is one.</summary>
    private IReadOnlyList<ModelComparison> ComparisonsOf(KubernetesObject job)
    {
        var arguments = job.At("spec", "template", "spec", "containers")!.Value[0].GetProperty("args").EnumerateArray()
            .Select(a => a.GetString()!).ToList();
        var at = arguments.IndexOf("--baseline");
        return at < 0 ? [] : [OnCorpus with { BaselineDigest = arguments[at + 1] }];
    }

    /// <summary>What the job controller does: a pod from the template.</summary>
    private Task CreateJobPodAsync(KubernetesObject job, JsonObject labels, JsonObject status)
    {
        var spec = JsonNode.Parse(job.At("spec", "template", "spec")!.Value.GetRawText())!.AsObject();
        // What admission of a whole cluster adds.
        spec["serviceAccountName"] = "default";
        var owner = new JsonObject
        {
            ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = job.Metadata.Name, ["uid"] = job.Metadata.Uid,
            ["controller"] = true,
        };
        return CreatePodAsync(job.Metadata.Name, labels, spec, status, owner);
    }

    public Task CreatePodAsync(string name, JsonObject labels, string container, JsonObject status) => CreatePodAsync(
        name, labels,
        new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = container, ["image"] = SidecarImage + ":1",
                ["volumeMounts"] = new JsonArray(
                    new JsonObject { ["name"] = "waf-identity", ["mountPath"] = "/var/run/secrets/wafoperator.dev" },
                    new JsonObject { ["name"] = "waf-state", ["mountPath"] = "/var/lib/waf" }),
            }),
            ["volumes"] = new JsonArray(
                new JsonObject { ["name"] = "waf-identity", ["emptyDir"] = new JsonObject() },
                new JsonObject { ["name"] = "waf-state", ["emptyDir"] = new JsonObject() }),
        },
        status, null);

    public async Task CreatePodAsync(
        string name, JsonObject labels, JsonObject spec, JsonObject status, JsonObject? owner)
    {
        var metadata = new JsonObject { ["namespace"] = Namespace, ["name"] = name, ["labels"] = labels };
        if (owner is not null) metadata["ownerReferences"] = new JsonArray(owner);
        else metadata["annotations"] = new JsonObject
        {
            [WellKnown.InjectedAnnotation] = SidecarPrint.Of(new JsonObject { ["spec"] = spec.DeepClone() }),
        };
        await Client.CreateAsync(
            BuiltIn.Pods, new JsonObject { ["metadata"] = metadata, ["spec"] = spec }, CancellationToken.None);
        await Client.PatchAsync(
            BuiltIn.Pods, new NamespacedName(Namespace, name),
            Patch.MergeStatus(new JsonObject { ["status"] = status }), CancellationToken.None);
    }

    private static async Task InstallKindsAsync(TestApiServer server)
    {
        await Installing.WaitAsync();
        try
        {
            if (_isInstalled) return;
            var kubeconfig = Path.Combine(server.Folder, "kubeconfig");
            await File.WriteAllTextAsync(kubeconfig, server.KubeconfigFor(server.Address, TestApiServer.AdminToken));
            foreach (var kind in Directory.GetFiles(Path.Combine(KubernetesPrograms.RepositoryRoot(), "crds"),
                "*.yaml"))
            {
                var (isApplied, errors) = await KubectlAsync(kubeconfig, "apply", "--validate=false", "-f", kind);
                Assert.True(isApplied, errors);
                // A kind that has no conditions at all yet is an error to kubectl, not something to wait for.
                await Eventually.TrueAsync(
                    async () => (await KubectlAsync(
                        kubeconfig, "wait", "--for=condition=Established", "-f", kind, "--timeout=60s")).IsDone,
                    $"{kind} is served");
            }

            _isInstalled = true;
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task<(bool IsDone, string Errors)> KubectlAsync(string kubeconfig, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(
                "kubectl", ["--kubeconfig", kubeconfig, .. arguments]) { RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode == 0, errors);
    }
}
