using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Console.Access;
using WafOperator.Console.Intake;
using WafOperator.Console.Sinks;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Kubernetes.Watching;
using WafOperator.Outside;
using WafOperator.Protocols.Events;
using WafOperator.Resources.Schema;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Tests.Sinks;

/// <summary>WafSinks on a real API server, a store with events, and a server that takes them.</summary>
internal sealed class SinkWorld : IAsyncDisposable
{
    private static readonly SemaphoreSlim Installing = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-sink-objects").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    private SinkWorld(KubernetesClient client, WebApplication receiver)
    {
        (Client, Receiver) = (client, receiver);
        Store = new SqliteEventStore(Path.Combine(_folder, "events.db"));
    }

    public KubernetesClient Client { get; }

    public SqliteEventStore Store { get; }

    public WebApplication Receiver { get; }

    /// <summary>The operator's namespace.</summary>
    public string Own { get; private set; } = "";

    /// <summary>Two tenants.</summary>
    public string Shop { get; private set; } = "";

    public string Bank { get; private set; } = "";

    /// <summary>Calls that the server got.</summary>
    public ConcurrentQueue<(string Path, string? Authorization, string Body)> Calls { get; } = new();

    /// <summary>What it answers.</summary>
    public int Answer { get; set; } = 200;

    /// <summary>Seconds after which it wants to be asked again, or null.</summary>
    public string? RetryAfter { get; set; }

    public string Address => Receiver.Urls.First();

    /// <summary>Loopback may be called, as an administrator would list it.</summary>
    public OutsideRules Rules => OutsideRules.Parse([$"127.0.0.1:{new Uri(Address).Port}"], ["127.0.0.0/8"]);

    public static async Task<SinkWorld> CreateAsync(TestApiServer server)
    {
        var client = server.Client();
        await InstallAsync(client);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = builder.Build();
        var world = new SinkWorld(client, receiver);
        receiver.Run(world.TakeAsync);
        await receiver.StartAsync();
        await world.Store.InitializeAsync(default);
        (world.Own, world.Shop, world.Bank) =
            (await server.NamespaceAsync(), await server.NamespaceAsync(), await server.NamespaceAsync());
        return world;
    }

    /// <summary>A console that serves all sinks.</summary>
    public void StartConsole(string replica = "a") => _running.Add(Objects(replica).RunAsync(_stop.Token));

    /// <summary>All sinks as a console knows them that does not watch yet.</summary>
    public SinkObjects Objects(string replica)
    {
        var informer = new Informer<Resource<WafSink>>(
            Client, ClusterObjects.Sinks, new InformerOptions(), TestApiServer.Services);
        return new SinkObjects(informer, Parts(TimeProvider.System, replica, informer.Cache.Get));
    }

    public SinkParts Parts(
        TimeProvider time, string replica = "a", Func<NamespacedName, Resource<WafSink>?>? find = null,
        OutsideRules? rules = null) => new(
        Store, new SinkSecrets(Client, rules ?? Rules),
        new SinkStatuses(Client, find ?? (_ => null), NullLogger.Instance), rules ?? Rules, Own)
    {
        Replica = replica, Time = time, Logger = NullLogger.Instance,
    };

    /// <summary>One sink that is served by hand, pass by pass.</summary>
    public async Task<SinkObject> ObjectAsync(
        string ns, JsonObject spec, TimeProvider time, OutsideRules? rules = null) =>
        new(await CreateAsync(ns, "siem", spec), true, Parts(time, rules: rules));

    public Task<Resource<WafSink>> CreateAsync(string ns, string name, JsonObject spec) => Client.CreateAsync(
        ClusterObjects.Sinks,
        new JsonObject { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name }, ["spec"] = spec },
        default);

    public JsonObject Spec(string path = "/in") => new() { ["protocol"] = "Http", ["url"] = Address + path };

    public async Task SecretAsync(
        string ns, string name, (string Key, string Value)[] data, string? host = "127.0.0.1", bool isMarked = true)
    {
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["namespace"] = ns, ["name"] = name,
                ["labels"] = new JsonObject { [SinkSecrets.Marker] = isMarked ? "true" : "false" },
                ["annotations"] = new JsonObject { [SinkSecrets.HostAnnotation] = host ?? "" },
            },
            ["data"] = new JsonObject(data.Select(item => KeyValuePair.Create<string, JsonNode?>(
                item.Key, Convert.ToBase64String(Encoding.UTF8.GetBytes(item.Value))))),
        };
        await Client.ApplyAsync(BuiltIn.Secrets, secret, new ApplyOptions(), default);
    }

    public async Task<WafSinkStatus?> StatusAsync(string ns, string name = "siem") =>
        (await Client.GetAsync(ClusterObjects.Sinks, new NamespacedName(ns, name), default)).Value.Status;

    /// <summary>Waits until the stored status says it.</summary>
    public async Task<WafSinkStatus> StatusAsync(string ns, Func<WafSinkStatus, bool> says, string what)
    {
        WafSinkStatus? status = null;
        await Eventually.TrueAsync(
            async () => (status = await StatusAsync(ns)) is not null && says(status), what);
        return status!;
    }

    /// <summary>Adds events of these days.</summary>
    public Task AddAsync(params SecurityEvent[] events) => Store.AddAsync(
        [
            .. events.Select(e => EventPreparation.Prepare(e, e.Time, TestEvents.KeepFor, out var refusal)
                ?? throw new InvalidOperationException(refusal)),
        ], default);

    /// <summary>Ids of events that came to a path, in their order.</summary>
    public List<string> IdsAt(string path) =>
    [
        .. Calls.Where(call => call.Path == path)
            .SelectMany(call => call.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => (string)JsonNode.Parse(line)!["metadata"]!["uid"]!),
    ];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).WaitAsync(TimeSpan.FromSeconds(60));
        foreach (var ns in new[] { Own, Shop, Bank })
        {
            foreach (var sink in (await Client.ListAsync(ClusterObjects.Sinks, ListOptions.In(ns), default)).Items)
                await Client.DeleteAsync(ClusterObjects.Sinks, sink.Metadata.Key, new DeleteOptions(), default);
        }

        await Receiver.DisposeAsync();
        await Store.DisposeAsync();
        Client.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        if (Answer == 200) Calls.Enqueue((context.Request.Path, context.Request.Headers.Authorization, body));
        if (RetryAfter is { } after) context.Response.Headers.RetryAfter = after;
        context.Response.StatusCode = Answer;
    }

    private static async Task InstallAsync(KubernetesClient client)
    {
        await Installing.WaitAsync();
        try
        {
            var kind = CrdWriter.Write(ResourceDefinition.Find("WafSink")!);
            var name = NamespacedName.Cluster((string)kind["metadata"]!["name"]!);
            if (await client.TryGetAsync(BuiltIn.CustomResourceDefinitions, name, default) is null)
                await client.CreateAsync(BuiltIn.CustomResourceDefinitions, kind, default);
            await Eventually.TrueAsync(
                () => client.ServesAsync(ClusterObjects.Sinks, default), "the kind is served");
        }
        finally
        {
            Installing.Release();
        }
    }
}
