using Microsoft.AspNetCore.Server.Kestrel.Https;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Pools;
using WafOperator.Distribution;
using WafOperator.Distribution.Blobs;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Events;
using WafOperator.Distribution.Policies;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;
using WafOperator.Operator.Host.Listening;
using WafOperator.Operator.Metrics;
using WafOperator.Outside;
using WafOperator.Pools;
using WafOperator.Telemetry;
using WafOperator.Webhooks;
using WafOperator.Webhooks.Pods;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Operator.Host;

/// <summary>Puts the operator's parts together and runs them.</summary>
internal static class OperatorHost
{
    public static async Task<int> RunAsync(OperatorOptions options, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(15));

        using var loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddConfiguration(builder.Configuration.GetSection("Logging")));
        using var traces = Trace(options, loggers.CreateLogger("WafOperator"));
        var services = new RuntimeServices(TimeProvider.System, new Jitter(Random.Shared), loggers);
        using var client = new KubernetesClient(
            ClusterLocator.Locate(ReadEnvironment(options)), new ClientOptions(), TimeProvider.System,
            loggers.CreateLogger<KubernetesClient>());
        var capabilities = await client.GetCapabilitiesAsync(cancellationToken);
        HostLog.Starting(loggers.CreateLogger("WafOperator"), options.Identity, capabilities.ToString());

        using var connections = OutsideConnections.Create(options.Outside, OutsideLimits.Default);
        var outside = new OutsideHttp(connections, services.Time, loggers.CreateLogger<OutsideHttp>());
        var store = new PolicyStore(TimeProvider.System);
        PolicyStore pools = new(TimeProvider.System), learned = new(TimeProvider.System);
        var blobs = new BlobStore(options.BlobFolder, options.BlobBytesMax);
        var packages = new BlobPackageStore(blobs, options.BlobBytesPerNamespaceMax);
        var plane = new ControlPlane(
            options, client, services, store, learned, packages,
            new PoolParts(pools, packages, connections.Pods, outside, new PoolMetrics(), new PoolKeys()));
        packages.Uses = plane.Packages.Uses;
        using var replicas = OutsideConnections.ForReplicas(
            presented => presented.Thumbprint == plane.Certificate.Current?.Thumbprint);
        RolloutMeters.Observe(plane.Policies.Models);
        using var spool = SpoolOf(options);
        using var metrics = Page();
        Listen(builder, options, plane);
        await using var app = builder.Build();
        MapDistribution(app, options, plane, new(client, store, pools, learned, blobs, replicas, spool));
        var injection = plane.Injection = await InjectionState.StartAsync(options, client, services, cancellationToken);
        var pods = new PodMutator(
            plane.Admission, () => injection.Current, new InjectionEvents(plane.Events, plane.Coverage).Observe);
        MapByPort(app, options.WebhookPort, routes => routes.MapAdmission(
            pods, new PodChangeReviewer(plane.Admission, () => injection.Current),
            new ResourceReviewer(TimeProvider.System, plane.Admission, options.Pools),
            loggers.CreateLogger("WafOperator.Webhooks"), SecretUseOf(client)));
        MapByPort(app, options.MetricsPort, routes => Health.Map(routes, plane, metrics));
        await app.StartAsync(cancellationToken);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, app.Lifetime.ApplicationStopping);
        try
        {
            await plane.RunAsync(stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The normal end.
        }

        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    private static MetricsPage Page() => new(
        [MetricsPage.RuntimeMeter, MetricsPage.KestrelMeter], RuntimeMetrics.Set, OperatorMetrics.Set);

    /// <summary>Sends spans where the environment names a collector.</summary>
    private static TraceExport? Trace(OperatorOptions options, ILogger logger)
    {
        var problems = new List<string>();
        var settings = TraceSettings.Read(Environment.GetEnvironmentVariable, defaultRatio: 1, problems);
        foreach (var problem in problems) HostLog.TraceProblem(logger, problem);
        var resource = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["service.name"] = "waf-operator", ["k8s.namespace.name"] = options.Namespace,
            ["k8s.pod.name"] = options.Identity,
        };
        return TraceExport.Start(settings, resource, RuntimeTraces.Source, RolloutTraces.Source);
    }

    private static EventSpool? SpoolOf(OperatorOptions options) => options.Console is null ? null
        : new EventSpool(options.EventFolder, options.EventBytesMax, TimeProvider.System);

    private static SecretUse SecretUseOf(KubernetesClient client) => new((user, ns, name, cancellationToken) =>
        client.MayAsync(
            new TokenIdentity(user.Name, "", user.Groups, []), ApiVerb.Get, BuiltIn.Secrets,
            new NamespacedName(ns, name), cancellationToken));

    private static void MapDistribution(
        WebApplication app, OperatorOptions options, ControlPlane plane, DistributionParts parts)
    {
        var callers = new CallerAuthenticator(new ClusterTokenReviewer(parts.Client), TimeProvider.System);
        var console = options.Console is { } account ? new Caller(account.Namespace, account.Name, null) : null;
        var relay = new StatusRelay(plane.Reports, () => plane.Elector.IsLeader, Leader, parts.Replicas);
        MapByPort(
            app, options.DistributionPort,
            new DistributionEndpoints(parts.Policies, parts.Pools, callers)
            {
                Replicas = plane.Replicas, Console = console,
            }.Map,
            new EventsEndpoint(callers, new EventCounters(parts.Spool), parts.Spool).Map,
            routes =>
            {
                if (parts.Spool is { } spool && console is not null)
                    new BatchEndpoint(spool, callers, console.Namespace, console.ServiceAccount).Map(routes);
            },
            new LearningEndpoint(parts.Learned, callers).Map,
            new BlobEndpoint(parts.Blobs, plane.Packages.IsOf, callers)
            {
                Console = console is null ? null
                    : (console, digest => plane.Packages.Uses().Any(use => use.Digest == digest)),
            }.Map,
            new StatusEndpoint(callers, relay).Map);

        // The leader's identity in the Lease is the name of its pod.
        Uri? Leader() => plane.Elector.Leader is { Length: > 0 } name && name != options.Identity
            ? StatusRelay.AddressOf(
                plane.Coverage.Pods.Cache.Get(new NamespacedName(options.Namespace, name)), options.DistributionPort)
            : null;
    }

    /// <summary>What the distribution port serves from.</summary>
    private sealed record DistributionParts(
        KubernetesClient Client, PolicyStore Policies, PolicyStore Pools, PolicyStore Learned, BlobStore Blobs,
        HttpClient Replicas, EventSpool? Spool);

    /// <summary>
    /// Each port serves its own paths only. Decided by the connection: the Host header carries the Service's port, or
    /// none.
    /// </summary>
    private static void MapByPort(WebApplication app, int port, params Action<IEndpointRouteBuilder>[] maps) =>
        app.MapWhen(context => context.Connection.LocalPort == port, branch => branch.UseRouting().UseEndpoints(routes =>
        {
            foreach (var map in maps) map(routes);
        }));

    private static void Listen(WebApplicationBuilder builder, OperatorOptions options, ControlPlane plane)
    {
        var ports = new OperatorPorts(
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, new PodNamespaces(plane.Coverage.Pods).Find);
        var clients = options.WebhookClientCa is { } file ? new WebhookClients(file) : null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            OperatorPorts.Limit(kestrel.Limits);
            kestrel.ListenAnyIP(options.MetricsPort, ports.Metrics);
            kestrel.ListenAnyIP(options.DistributionPort, listen => ports.Distribution(listen, Serve));
            kestrel.ListenAnyIP(options.WebhookPort, listen => ports.Webhooks(listen, https =>
            {
                Serve(https);
                if (clients is null) return;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (presented, _, _) => clients.Trusts(presented);
            }));
        });

        void Serve(HttpsConnectionAdapterOptions https)
        {
            https.ServerCertificateSelector = (_, _) => plane.Certificate.Current;
            https.ClientCertificateMode = ClientCertificateMode.NoCertificate;
        }
    }

    private static ClusterEnvironment ReadEnvironment(OperatorOptions options) => new()
    {
        KubeconfigPath = options.Kubeconfig,
        KubeconfigVariable = Environment.GetEnvironmentVariable("KUBECONFIG"),
        HomeDirectory = Environment.GetEnvironmentVariable("HOME"),
        ServiceHost = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"),
        ServicePort = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"),
    };
}
