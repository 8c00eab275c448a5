using WafOperator.Controllers;
using WafOperator.Controllers.Apis;
using WafOperator.Controllers.Bypass;
using WafOperator.Controllers.Certificates;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Exclusions;
using WafOperator.Controllers.Learning;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Policies;
using WafOperator.Controllers.Pools;
using WafOperator.Controllers.Sidecars;
using WafOperator.Distribution.Policies;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.LeaderElection;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;
using WafOperator.Outside;
using WafOperator.Pools;

namespace WafOperator.Operator.Host;

/// <summary>
/// The caches and controllers of one replica. Every replica compiles and serves policies; only the leader writes to the cluster.
/// </summary>
internal sealed class ControlPlane
{
    private readonly OperatorOptions _options;
    private readonly KubernetesClient _client;
    private readonly RuntimeServices _services;
    private readonly PolicyStore _store;
    private readonly PolicyStore _learned;
    private readonly Informer<KubernetesObject> _tlsSecret;
    private readonly Informer<KubernetesObject> _poolSecret;
    private readonly ControllerLoop _publishing;
    private readonly ControllerLoop _counting;
    private readonly List<ControllerLoop> _leading = [];
    private readonly CompiledPolicies _compiled = new();
    private readonly ModelPackages _packages;
    private readonly ControllerLoop _fetching;
    private readonly PoolPlane _pools;
    private readonly PublicKeys _publicKeys;

    public ControlPlane(
        OperatorOptions options, KubernetesClient client, RuntimeServices services, PolicyStore store,
        PolicyStore learned, IPackageStore packages, PoolParts pools)
    {
        (_options, _client, _services, _store, _learned) = (options, client, services, store, learned);
        Policies = PolicyCaches.Add(Informers, client, services);
        Coverage = CoverageCaches.Add(Informers, client, services, options.SidecarImage);
        Admission = new AdmissionCache(Informers, client, services, Policies, Coverage);
        _tlsSecret = Informers.Add(new Informer<KubernetesObject>(client, BuiltIn.Secrets, Only(options.TlsSecret),
            services));
        _tlsSecret.Subscribe(change => Certificate.Update(change.Current));
        var poolSecret = new NamespacedName(options.Namespace, PoolKeyController.SecretName);
        _poolSecret = Informers.Add(new Informer<KubernetesObject>(client, BuiltIn.Secrets, Only(poolSecret.Name),
            services));
        _poolSecret.Subscribe(change => pools.Keys.Update(change.Current));
        _leading.Add(Loop("pool-keys", new PoolKeyController(
                client, poolSecret, services.Time, services.Loggers.CreateLogger<PoolKeyController>()))
            .For(_poolSecret).Always(poolSecret));
        Events = new EventRecorder(client, "waf-operator", services);
        var reports = new SidecarReportOptions { IsExclusion = key => Policies.Exclusions.Cache.Get(key) is not null };
        Reports = new SidecarReports(Coverage.Pods.Cache.Get, reports, services.Time);
        _publicKeys = new PublicKeys(client, services.Time, options.Trust);
        _publishing = Publishing(pools.Keys);
        Replicas = new PolicyStore(services.Time);
        _counting = Counting();
        AddCertificates();
        AddStatus();
        _packages = new ModelPackages(
            Policies.Models, Sources(pools.Outside), _publicKeys, packages, options.Trust);
        Policies.Models.Subscribe(_packages.Observe);
        _fetching = new ControllerLoop(
                "model-packages", _packages, OutgoingWork.Options with { Rank = _packages.RankOf }, services)
            .For(Policies.Models);
        AddRollouts(pools.Outside);
        _pools = new PoolPlane(options, client, services, Informers, Policies, _poolSecret, Events, pools);
        Elector = new LeaseElector(
            client,
            new LeaseElectionOptions { Lease = new NamespacedName(options.Namespace, "waf-operator"), Identity = options.Identity },
            services);
    }

    public InformerSet Informers { get; } = new();

    public PolicyCaches Policies { get; }

    public CoverageCaches Coverage { get; }

    /// <summary>What sidecars say of themselves.</summary>
    public SidecarReports Reports { get; }

    /// <summary>Packages, and whose they are.</summary>
    public ModelPackages Packages => _packages;

    /// <summary>How many sidecars divide a policy's limits.</summary>
    public PolicyStore Replicas { get; }

    public AdmissionCache Admission { get; }

    public EventRecorder Events { get; }

    /// <summary>What is injected now; null until it is known.</summary>
    public InjectionState? Injection { get; set; }

    public ServingCertificate Certificate { get; } = new();

    public LeaseElector Elector { get; }

    /// <summary>What is still missing before requests can be answered; empty when ready.</summary>
    public IEnumerable<string> NotReady()
    {
        foreach (var line in Informers.Unsynced()) yield return line;
        if (Certificate.Current is null) yield return $"no serving certificate in Secret {_options.TlsSecretKey} yet";
        if (!_store.IsSynced) yield return "policies are not compiled yet";
    }

    /// <summary>Runs everything until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken) => await Task.WhenAll(
        Informers.RunAsync(cancellationToken),
        Events.RunAsync(cancellationToken),
        _publishing.RunAsync(cancellationToken),
        _counting.RunAsync(cancellationToken),
        _fetching.RunAsync(cancellationToken),
        MarkStoreSyncedAsync(cancellationToken),
        _pools.RunAsync(cancellationToken),
        Injection?.RunAsync(cancellationToken) ?? Task.CompletedTask,
        Elector.RunAsync(LeadAsync, cancellationToken));

    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(
            _leading.Select(loop => loop.RunAsync(cancellationToken)).Append(_pools.LeadAsync(cancellationToken)));
    }

    /// <summary>A sidecar must not hear "no such policy" only because this replica is young.</summary>
    private async Task MarkStoreSyncedAsync(CancellationToken cancellationToken)
    {
        await Informers.WaitForSyncAsync(cancellationToken);
        while (Policies.Policies.Cache.List().Any(p => !p.Metadata.IsBeingDeleted && _compiled.Find(p.Metadata.Key) is null))
            await Task.Delay(TimeSpan.FromMilliseconds(50), _services.Time, cancellationToken);
        _store.MarkSynced();
        Replicas.MarkSynced();
    }

    /// <summary>A namespace with many policies, or large ones, holds one worker and not those of others.</summary>
    private static ControllerOptions PublishingOptions { get; } = new()
    {
        Workers = 2, Queue = new WorkQueueOptions { PerNamespaceMax = 1 },
    };

    private ControllerLoop Publishing(PoolKeys poolKeys)
    {
        var publisher = new PolicyPublisher(
            Policies, _publicKeys, _compiled, new DistributionSink(_store), _services.Time,
            _services.Loggers.CreateLogger<PolicyPublisher>(), poolKeys)
        {
            Redis = new RedisSecrets(_client, _services.Time),
        };
        return new ControllerLoop("policy-publisher", publisher, PublishingOptions, _services)
            // Our own status writes are not news.
            .Watch(Policies.Policies, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata) ? [c.Key] : [])
            .Watch(Policies.Exclusions, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata)
                ? PolicyOf(c.Key.Namespace, c.Current?.Value.Spec.Policy, c.Previous?.Value.Spec.Policy)
                : [])
            .Watch(Policies.ApiSchemas, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata)
                ? PolicyOf(c.Key.Namespace, c.Current?.Value.Spec.Policy, c.Previous?.Value.Spec.Policy)
                : [])
            .Watch(Policies.Models, c => PolicyPublisher.IsNews(c.Previous, c.Current)
                ? PoliciesIn(c.Key.Namespace) : [])
            .Watch(Policies.Pools, c => PoliciesIn(c.Key.Namespace))
            .Watch(_poolSecret, _ => Policies.Policies.Cache.List().Where(p => PolicyPublisher.NeedsKeys(p.Value))
                .Select(p => p.Metadata.Key))
            .Watch(Policies.RuleFiles, c => Policies.Policies.Cache.ByNamespace.Find(c.Key.Namespace)
                .Where(p => Policies.Reads(p, c.Key.Name))
                .Select(p => p.Metadata.Key));
    }

    private ControllerLoop Counting()
    {
        var publisher = new ReplicaPublisher(
            Policies, _compiled, new PolicyCoverage(Policies, Coverage, Reports),
            new DistributionSink(Replicas).Publish);
        var loop = Loop("replica-counts", publisher)
            // Policies take targets from each other.
            .Watch(Policies.Policies, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata)
                ? PoliciesIn(c.Key.Namespace).Append(c.Key) : [])
            .Watch(Coverage.Pods, c => ReplicaPublisher.IsCounted(c.Current) != ReplicaPublisher.IsCounted(c.Previous)
                ? PoliciesIn(c.Key.Namespace) : []);
        _compiled.Compiled += loop.Enqueue;
        return loop;
    }

    private static bool IsSpecChange(ObjectMeta? current, ObjectMeta? previous) =>
        current?.Generation != previous?.Generation || current?.Uid != previous?.Uid
        || current?.IsBeingDeleted != previous?.IsBeingDeleted;

    private void AddCertificates()
    {
        AddIssuing();
        // Sidecars need the bundle whoever issues.
        var bundles = Informers.Add(new Informer<KubernetesObject>(
            _client, BuiltIn.ConfigMaps, Named(TrustBundleController.ConfigMapName), _services));
        var trust = new TrustBundleController(
            _client,
            new TrustBundles(
                NeedsBundle, () => Certificate.State,
                ns => bundles.Cache.Get(new NamespacedName(ns, TrustBundleController.ConfigMapName))),
            Events, _services.Time);
        _leading.Add(Loop("trust-bundle", trust)
            .Watch(Policies.Policies, c => [NamespacedName.Cluster(c.Key.Namespace)])
            .Watch(Policies.Models, c => [NamespacedName.Cluster(c.Key.Namespace)])
            .Watch(Policies.Pools, c => [NamespacedName.Cluster(c.Key.Namespace)])
            .Watch(Coverage.Pods, c => c.Current is { HasSidecar: true } && c.Previous is null ? [NamespacedName.Cluster(c.Key.Namespace)] : [])
            .Watch(bundles, c => [NamespacedName.Cluster(c.Key.Namespace)])
            .Watch(_tlsSecret, _ => Policies.Policies.Cache.List().Select(p => NamespacedName.Cluster(p.Metadata.Key.Namespace)).Distinct()));
    }

    private void AddIssuing()
    {
        if (!_options.ManageCertificates) return;
        var secret = _options.TlsSecretKey;
        var issuing = new CertificateController(
            _client, secret, _options.AuthoritySecretKey, _options.ServingNames, _services.Time,
            _services.Loggers.CreateLogger<CertificateController>());
        var bundles = new CaBundleController(_client, secret, _options.WebhookConfiguration, () => Certificate.State);
        // The Secret may not exist yet, so its key is worked on even when nothing is in the cache.
        _leading.Add(Loop("certificates", issuing).For(_tlsSecret).Always(secret));
        _leading.Add(Loop("ca-bundle", bundles).For(_tlsSecret));
    }

    private void AddStatus()
    {
        var coverage = new PolicyCoverage(Policies, Coverage, Reports);
        var writer = new StatusWriter(_client);
        var status = Loop("policy-status", new PolicyStatusController(
                Policies, Coverage, _compiled, coverage, writer,
                new LearnedPolicies(new LearningSink(_learned), _services.Time), Events, _services.Time))
            .For(Policies.Policies)
            .Watch(Policies.Exclusions, c => PolicyOf(c.Key.Namespace, c.Current?.Value.Spec.Policy, c.Previous?.Value.Spec.Policy))
            .Watch(Policies.Models, c => PoliciesIn(c.Key.Namespace))
            .Watch(Coverage.Pods, c => PoliciesIn(c.Key.Namespace))
            // A Service that came after the pods may lead around their sidecars.
            .Watch(Coverage.Services, c => PoliciesIn(c.Key.Namespace));
        foreach (var workloads in Coverage.All)
            status.Watch(workloads, c => c.Current is null || c.Previous is null ? PoliciesIn(c.Key.Namespace) : []);
        Reports.Observed += status.Enqueue;
        _compiled.Compiled += status.Enqueue;
        coverage.Repairs.Stopped += status.Enqueue;
        _leading.Add(status);
        var exclusions = Loop(
                "exclusion-status",
                new ExclusionStatusController(Policies, _compiled, coverage, writer, _services.Time))
            .For(Policies.Exclusions)
            .Watch(Policies.Policies, c => ExclusionsOf(c.Key));
        _compiled.Compiled += policy =>
        {
            foreach (var exclusion in ExclusionsOf(policy)) exclusions.Enqueue(exclusion);
        };
        _leading.Add(exclusions);
        AddApiSchemas(coverage, writer);
        _leading.Add(Loop("bypass-policies", new BypassPolicyController(_client, Policies, coverage))
            .Watch(Policies.Policies, c => IsSpecChange(c.Current?.Metadata, c.Previous?.Metadata) ? [c.Key] : [])
            .Watch(Coverage.Pods, c =>
                OpenPorts(c.Current) == OpenPorts(c.Previous) ? [] : PoliciesIn(c.Key.Namespace)));
        var successors = new SuccessorCheck(
            _client, Coverage, Admission.NamespaceLabels, () => Injection?.Current, _options.WebhookConfiguration);
        _leading.Add(Loop("coverage-repair", new CoverageRepairController(
                _client, coverage, successors.RefusalAsync, Events, _services.Time))
            .For(Policies.Policies)
            .Watch(Coverage.Pods, c => c.Current is { HasSidecar: false, IsActive: true }
                ? PoliciesIn(c.Key.Namespace).Where(RepairsByEviction) : []));
    }

    private void AddApiSchemas(PolicyCoverage coverage, StatusWriter writer)
    {
        var schemas = Loop(
                "api-schema-status",
                new ApiSchemaStatusController(Policies, _compiled, coverage, writer, _services.Time))
            .For(Policies.ApiSchemas)
            .Watch(Policies.Policies, c => ApiSchemasOf(c.Key));
        _compiled.Compiled += policy =>
        {
            foreach (var schema in ApiSchemasOf(policy)) schemas.Enqueue(schema);
        };
        _leading.Add(schemas);
    }

    private IEnumerable<NamespacedName> ApiSchemasOf(NamespacedName policy) => Policies.ApiSchemas.Cache.ByNamespace
        .Find(policy.Namespace).Where(s => s.Value.Spec.Policy == policy.Name).Select(s => s.Metadata.Key);

    private void AddRollouts(OutsideHttp http)
    {
        var evaluator = new ModelEvaluator(_client, new EvaluationSettings(
            _options.SidecarImage, _options.DistributionUrl, ClusterTokenReviewer.Audience,
            TrustBundleController.ConfigMapName, TrustBundleController.BundleKey));
        var controller = new RolloutController(
            _client, Policies.Models, _packages, evaluator, new RolloutCounting(Coverage, Reports),
            new RolloutGates(http),
            new RejectedModels(_client, _services.Time), new StatusWriter(_client), Events, _services.Time,
            ns => Policies.Policies.Cache.ByNamespace.Find(ns).Select(policy => policy.Value));
        var rejected = Informers.Add(new Informer<KubernetesObject>(
            _client, BuiltIn.ConfigMaps, Named(RejectedModels.ConfigMapName), _services));
        rejected.Subscribe(new RejectionWatch(Events, () => Elector.IsLeader).Observe);
        var feedback = Informers.Add(new Informer<KubernetesObject>(
            _client, BuiltIn.ConfigMaps, Named(EvaluationJob.FeedbackConfigMap), _services));
        var rollouts = new ControllerLoop("rollouts", controller, OutgoingWork.Options, _services)
            .For(Policies.Models)
            // Who forgives a package, or changes labelled requests, is heard at once.
            .Watch(rejected, c => ModelsIn(c.Key.Namespace))
            .Watch(feedback, c => ModelsIn(c.Key.Namespace))
            // One version's end is the next one's beginning.
            .Watch(Policies.Models, c => ModelsIn(c.Key.Namespace));
        _packages.Verified += rollouts.Enqueue;
        _leading.Add(rollouts);
    }

    private List<IArtifactSource> Sources(OutsideHttp http)
    {
        var credentials = new ArtifactCredentials(_client);
        var transport = new ArtifactTransport(http, Path.Combine(_options.BlobFolder, "fetching"));
        return
        [
            new HttpArtifactSource(transport, credentials),
            new S3ArtifactSource(transport, credentials),
            new OciArtifactSource(transport, credentials),
            new ConfigMapArtifactSource(_client),
            new ClaimArtifactSource(_client, transport, _options.SidecarImage),
            new BuiltinArtifactSource(_options.ModelsFolder),
        ];
    }

    private IEnumerable<NamespacedName> ModelsIn(string ns) =>
        Policies.Models.Cache.ByNamespace.Find(ns).Select(m => m.Metadata.Key);

    private ControllerLoop Loop(string name, IReconciler reconciler) => new(name, reconciler, new ControllerOptions(), _services);

    private bool RepairsByEviction(NamespacedName policy) =>
        Policies.Policies.Cache.Get(policy)?.Value.Spec.Interception?.RepairByEviction is true;

    private static string? OpenPorts(PodView? pod) => pod is { IsActive: true } ? pod.Captured?.OpenPortsLabel : null;

    private bool NeedsBundle(string ns) =>
        Policies.Policies.Cache.ByNamespace.Find(ns).Count > 0
        || Policies.Models.Cache.ByNamespace.Find(ns).Count > 0
        || Policies.Pools.Cache.ByNamespace.Find(ns).Count > 0
        || Coverage.Pods.Cache.ByNamespace.Find(ns).Any(p => p.HasSidecar);

    private IEnumerable<NamespacedName> PoliciesIn(string ns) =>
        Policies.Policies.Cache.ByNamespace.Find(ns).Select(p => p.Metadata.Key);

    private IEnumerable<NamespacedName> ExclusionsOf(NamespacedName policy) => Policies.Exclusions.Cache.ByNamespace
        .Find(policy.Namespace).Where(e => e.Value.Spec.Policy == policy.Name).Select(e => e.Metadata.Key);

    private static IEnumerable<NamespacedName> PolicyOf(string ns, params string?[] names) =>
        names.OfType<string>().Distinct().Select(name => new NamespacedName(ns, name));

    /// <summary>ConfigMaps of one name in all namespaces.</summary>
    private static InformerOptions Named(string name) => new()
    {
        Selection = new ListOptions { FieldSelector = $"metadata.name={name}" },
    };

    private InformerOptions Only(string secret) => new()
    {
        Selection = new ListOptions { Namespace = _options.Namespace, FieldSelector = $"metadata.name={secret}" },
    };
}
