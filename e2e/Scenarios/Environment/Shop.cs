using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>A namespace of its own with the product's label; everything in it is deleted at the end.</summary>
public sealed class Shop : IAsyncDisposable
{
    private static int _number;
    private readonly List<PortForward> _forwards = [];

    private Shop(string ns)
    {
        Namespace = ns;
        Kubectl = new Kubectl(ns);
    }

    public string Namespace { get; }
    public Kubectl Kubectl { get; }

    /// <summary>kubectl without a namespace.</summary>
    public static Kubectl Everywhere { get; } = new(null);

    /// <summary>The operator's namespace.</summary>
    public static Kubectl Operator { get; } = new("waf-system");

    /// <summary>An empty namespace, labelled for injection.</summary>
    public static async Task<Shop> EmptyAsync()
    {
        var number = Interlocked.Increment(ref _number);
        var name = string.Create(CultureInfo.InvariantCulture, $"scenario-{System.Environment.ProcessId}-{number}");
        await Everywhere.RunAsync("create", "namespace", name);
        await Everywhere.RunAsync("label", "namespace", name, "wafoperator.dev/injection=enabled");
        return new Shop(name);
    }

    /// <summary>The shop behind its policy, ready and programmed.</summary>
    public static async Task<Shop> ProtectedAsync(string mode = "Enforce")
    {
        var shop = await EmptyAsync();
        await shop.Kubectl.ApplyAsync(
            Manifest("wafpolicy").Replace("mode: Enforce", $"mode: {mode}", StringComparison.Ordinal));
        await shop.Kubectl.ApplyAsync(Manifest("shop"));
        await shop.ReadyAsync("shop");
        await shop.ProgrammedAsync();
        return shop;
    }

    /// <summary>A manifest of e2e/manifests with the images of this run.</summary>
    public static string Manifest(string name)
    {
        var prefix = System.Environment.GetEnvironmentVariable("WAF_E2E_IMAGES") ?? "registry.local/waf-operator";
        return File.ReadAllText(Repository.PathOf("e2e", "manifests", name + ".yaml"))
            .Replace("registry.local/waf-operator", prefix, StringComparison.Ordinal);
    }

    public async Task ReadyAsync(string deployment) =>
        await Kubectl.RunAsync("rollout", "status", "deployment/" + deployment, "--timeout=120s");

    /// <summary>Waits until every sidecar runs the policy's current revision.</summary>
    public async Task ProgrammedAsync(string policy = "shop") =>
        await Kubectl.RunAsync("wait", "wafpolicy/" + policy, "--for=condition=Programmed", "--timeout=60s");

    /// <summary>Running pods of an app that are not being deleted.</summary>
    public async Task<IReadOnlyList<JsonElement>> PodsAsync(string app) =>
        [.. (await Kubectl.ListAsync("pods", "-l", "app=" + app))
            .Where(pod => !pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))];

    /// <summary>
    /// A client of a Service: by its cluster address where this machine reaches it, else by port-forward.
    /// </summary>
    public async Task<HttpClient> ClientAsync(string service, int port = 80)
    {
        var found = await Kubectl.GetAsync("service", service);
        var address = found.GetProperty("spec").GetProperty("clusterIP").GetString()!;
        var baseAddress = await IsReachableAsync(address, port)
            ? new Uri($"http://{address}:{port}/")
            : await ForwardAsync(service, port);
        var client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromSeconds(2) })
        {
            BaseAddress = baseAddress,
            Timeout = TimeSpan.FromSeconds(15),
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64) Scenario/1.0");
        client.DefaultRequestHeaders.Accept.ParseAdd("*/*");
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var forward in _forwards) forward.Dispose();
        await Everywhere.TryAsync(["delete", "namespace", Namespace, "--wait=false"]);
    }

    private async Task<Uri> ForwardAsync(string service, int port)
    {
        var forward = await PortForward.StartAsync(Namespace, service, port);
        _forwards.Add(forward);
        return forward.Address;
    }

    /// <summary>
    /// Whether this machine reaches cluster addresses: the API server's own Service tells, since it is always there.
    /// Then a new Service is waited for: its rules are a moment behind. A port-forward enters the pod by its loopback
    /// interface and so goes around redirection; it is no substitute where the real way exists.
    /// </summary>
    private static async Task<bool> IsReachableAsync(string address, int port)
    {
        var kubernetes = await new Kubectl("default").GetAsync("service", "kubernetes");
        var apiServer = kubernetes.GetProperty("spec").GetProperty("clusterIP").GetString()!;
        if (!await ConnectsAsync(apiServer, 443)) return false;
        for (var attempt = 0; attempt < 60; attempt++)
        {
            if (await ConnectsAsync(address, port)) return true;
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }

        throw new InvalidOperationException($"the Service address {address} was not reachable within 30 s");
    }

    private static async Task<bool> ConnectsAsync(string address, int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(address), port, limit.Token);
            return true;
        }
        catch (Exception unreachable) when (unreachable is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
