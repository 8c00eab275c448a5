using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using WafOperator.Console.Access;
using WafOperator.Console.Alerts;
using WafOperator.Console.Analysis;
using WafOperator.Console.Api;
using WafOperator.Console.Intake;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Pages;
using WafOperator.Console.Sinks;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Postgres;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources.Policies;
using WafOperator.Telemetry;

namespace WafOperator.Console;

/// <summary>Puts the console's parts together and runs them.</summary>
public static class ConsoleHost
{
    private static readonly TimeSpan ExpireEvery = TimeSpan.FromHours(1);

    /// <summary>Opens the store that an option names.</summary>
    /// <param name="store">The option.</param>
    /// <param name="keepBytes">Bytes of events that are kept; 0: no bound.</param>
    public static IEventStore OpenStore(string store, long keepBytes = 0) => IsFile(store)
        ? new SqliteEventStore(store["sqlite:".Length..]) { KeepBytes = keepBytes }
        : new PostgresEventStore(store) { KeepBytes = keepBytes };

    /// <summary>Bytes that are kept where nobody said how many: what a volume of 10 GiB holds.</summary>
    public static long DefaultKeepBytes(string store) => (IsFile(store) ? 7L : 50L) << 30;

    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(ConsoleOptions options, CancellationToken cancellationToken)
    {
        await using var store = OpenStore(options.Store, options.KeepBytes ?? DefaultKeepBytes(options.Store));
        using var loggers = LoggerFactory.Create(static logging =>
            logging.AddSimpleConsole(static c => c.SingleLine = true));
        using var client = options.Token is null ? ClusterClient(options, loggers) : null;
        using var provider = Connections.ToServer(TimeSpan.FromSeconds(10));
        var gate = GateOf(options, client, provider, store);
        var cluster = new ClusterObjects(client, gate, TimeProvider.System);
        await using var app = await BuildAsync(options, store, gate, cluster, cancellationToken);
        using var metrics = new MetricsPage(
            [MetricsPage.RuntimeMeter, MetricsPage.KestrelMeter], ConsoleMetrics.Set);
        // Counts only, no names of policies or clients: whoever reaches the port may read them, as the operator's.
        app.MapGet("/metrics", () => Results.Bytes(metrics.Write(), MetricsPage.ContentType));
        await app.StartAsync(cancellationToken);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, app.Lifetime.ApplicationStopping);
        var work = new List<Task> { ExpireAsync(store, options.KeepFor, loggers, stopping.Token) };
        if (options.Fetch is { } fetch)
        {
            var intake = new EventIntake(store, options.KeepFor, TimeProvider.System);
            work.Add(new BatchFetcher(fetch, intake, TimeProvider.System, loggers.CreateLogger<BatchFetcher>())
                .RunAsync(stopping.Token));
        }

        var replica = Environment.GetEnvironmentVariable("POD_NAME") ?? Environment.MachineName;
        work.Add(new AlertWorker(
            options.Outlets, store, new AlertSender(replica, options.PublicUrl), TimeProvider.System,
                loggers.CreateLogger<AlertWorker>())
            .RunAsync(stopping.Token));
        work.AddRange(options.Outlets.Sinks.Select(sink => new SinkWorker(
            sink, store, replica, TimeProvider.System, loggers.CreateLogger<SinkWorker>()).RunAsync(stopping.Token)));
        using var sinks = SinksOf(options, client, store, replica, loggers);
        if (sinks is not null) work.Add(sinks.RunAsync(stopping.Token));
        try
        {
            // Each goes on until it is told to end: where one ended, a fresh start is better than half a console.
            await await Task.WhenAny(work);
            if (!stopping.IsCancellationRequested) HostLog.Ended(loggers.CreateLogger("WafOperator.Console"));
            await stopping.CancelAsync();
            await Task.WhenAll(work);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The normal end.
        }

        await app.StopAsync(CancellationToken.None);
    }

    /// <summary>The program's HTTP side, ready to start.</summary>
    public static async Task<WebApplication> BuildAsync(
        ConsoleOptions options, IEventStore store, Gatekeeper gate, ClusterObjects cluster,
        CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddSimpleConsole(static console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.WebHost.UseUrls(options.Listen).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            if (options.Tls is { } tls) kestrel.ConfigureHttpsDefaults(new ReloadedCertificate(tls.Certificate,
                tls.Key).Apply);
        });
        builder.Services.ConfigureHttpJsonOptions(static json => Configure(json.SerializerOptions));
        builder.Services.AddRazorComponents();
        builder.Services.AddDataProtection().SetApplicationName("waf-console");
        builder.Services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new StoredKeys(store));
        builder.Services.AddOpenApi("v1", static document =>
            document.OpenApiVersion = Microsoft.OpenApi.OpenApiSpecVersion.OpenApi3_1);
        await store.InitializeAsync(cancellationToken);
        var app = builder.Build();
        var api = new ApiContext(store, gate, TimeProvider.System);
        app.Use(static next => context => ApiAccess.AnswerFailuresAsync(context, next));
        var health = new HealthApi(store, TimeProvider.System);
        var room = new QuestionRoom(QuestionRoom.DefaultTimeMax);
        app.Lifetime.ApplicationStopped.Register(() => room.DisposeAsync().AsTask().Wait());
        app.UseWhen(static c => c.Request.Path.StartsWithSegments("/api"), branch => branch
            .Use(next => context => ApiAccess.RequireTokenAsync(context, next, gate))
            .Use(next => context => room.AskAsync(context, next)));
        var sessions = new Sessions(app.Services.GetRequiredService<IDataProtectionProvider>(), gate,
            options.PublicUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) is true);
        app.UseWhen(static c => PageSite.IsPage(c.Request.Path), branch => branch
            .Use(next => context => PageSite.GuardAsync(context, next, sessions))
            .Use(next => context => room.AskAsync(context, next)));
        app.UseRouting();
        health.Map(app);
        app.MapOpenApi("/openapi/{documentName}.json");
        var routes = app.MapGroup("/api/v1");
        new EventsApi(api).Map(routes);
        new ThreatsApi(api).Map(routes);
        new AlertsApi(api, options.Outlets).Map(routes);
        var judges = options.Analyze is { } analyze ? AnalyzeParts.Build(analyze) : null;
        if (judges is not null) app.Lifetime.ApplicationStopped.Register(judges.Dispose);
        new AnalyzeApi(api, judges?.Judges, options.Analyze).Map(routes);
        new PageSite(api, sessions, cluster).Map(app);
        return app;
    }

    /// <summary>JSON of the API: names as they are, enums by name, absent instead of null.</summary>
    internal static void Configure(JsonSerializerOptions options)
    {
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
    }

    private static bool IsFile(string store) => store.StartsWith("sqlite:", StringComparison.Ordinal);

    private static Gatekeeper GateOf(
        ConsoleOptions options, KubernetesClient? client, HttpClient provider, IEventStore store)
    {
        if (options.Token is { } token)
        {
            var standalone = new StandaloneAccess(token);
            return new Gatekeeper([standalone], standalone, store, TimeProvider.System);
        }

        var cluster = new ClusterAccess(client!);
        List<ITokenSource> sources = [];
        if (options.Oidc is { } oidc) sources.Add(new OidcTokens(oidc, provider, TimeProvider.System));
        sources.Add(cluster);
        return new Gatekeeper(sources, cluster, store, TimeProvider.System);
    }

    private static KubernetesClient ClusterClient(ConsoleOptions options, ILoggerFactory loggers)
    {
        var environment = new ClusterEnvironment
        {
            KubeconfigPath = options.Kubeconfig,
            KubeconfigVariable = Environment.GetEnvironmentVariable("KUBECONFIG"),
            HomeDirectory = Environment.GetEnvironmentVariable("HOME"),
            ServiceHost = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"),
            ServicePort = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"),
        };
        return new KubernetesClient(
            ClusterLocator.Locate(environment), new ClientOptions(), TimeProvider.System,
            loggers.CreateLogger<KubernetesClient>());
    }

    /// <summary>Who serves the WafSinks of the cluster; null where there is none.</summary>
    private static SinkObjects? SinksOf(
        ConsoleOptions options, KubernetesClient? client, IEventStore store, string replica, ILoggerFactory loggers)
    {
        if (client is null || options.Namespace is not { } ns) return null;
        var services = new RuntimeServices(TimeProvider.System, new Jitter(new Random()), loggers);
        var informer = new Informer<Resource<WafSink>>(
            client, ClusterObjects.Sinks, new InformerOptions(), services);
        var logger = loggers.CreateLogger<SinkObjects>();
        var parts = new SinkParts(
            store, new SinkSecrets(client, options.Outside), new SinkStatuses(client, informer.Cache.Get, logger),
            options.Outside, ns)
        {
            Replica = replica, Time = TimeProvider.System, Logger = logger,
        };
        return new SinkObjects(informer, parts);
    }

    private static async Task ExpireAsync(
        IEventStore store, TimeSpan keepFor, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger("WafOperator.Console.Retention");
        while (true)
        {
            try
            {
                var days = await store.ExpireAsync(DateTimeOffset.UtcNow - keepFor, cancellationToken);
                if (days > 0) HostLog.Expired(logger, days);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                HostLog.NotExpired(logger, failure.Message);
            }

            await Task.Delay(ExpireEvery, cancellationToken);
        }
    }
}

/// <summary>What the program tells.</summary>
internal static partial class HostLog
{
    [LoggerMessage(7010, LogLevel.Information, "{Days} days of events are older than they are kept, and went")]
    public static partial void Expired(ILogger logger, int days);

    [LoggerMessage(7011, LogLevel.Warning, "old events stay for now: {Problem}")]
    public static partial void NotExpired(ILogger logger, string problem);

    [LoggerMessage(7012, LogLevel.Critical, "a part of the console ended by itself: it stops, to be started anew")]
    public static partial void Ended(ILogger logger);
}
