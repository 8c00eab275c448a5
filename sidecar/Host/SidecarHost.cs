using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using WafOperator.Policies.Files;
using WafOperator.Proxy;
using WafOperator.Proxy.Admin;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;
using WafOperator.Telemetry;

namespace WafOperator.Sidecar.Host;

/// <summary>Runs a sidecar until the process is told to end.</summary>
internal static class SidecarHost
{
    /// <summary>Where Debian's package puts OWASP CRS.</summary>
    private const string DebianRules = "/usr/share/modsecurity-crs";

    /// <summary>
    /// In a pod, the address stays in use for a moment after the end was announced: requests that still come are served.
    /// </summary>
    private static readonly TimeSpan PodLinger = TimeSpan.FromSeconds(5);

    /// <summary>Share of requests that is traced where a collector is named and no sampler.</summary>
    private const double TraceRatio = 0.01;

    public static string Version =>
        typeof(SidecarHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0] ?? "0.0.0";

    public static async Task<int> ServeFileAsync(FileSettings settings, TextWriter errors)
    {
        var listen = Endpoints.Of(settings.Way.Listen);
        var admin = settings.Admin is null ? null : Endpoints.Of(settings.Admin);
        if (listen is null || settings.Admin is not null && admin is null)
        {
            await errors.WriteLineAsync("waf-sidecar: --listen, --forward-auth and --admin take an address or localhost "
                + "as host, such as http://0.0.0.0:8080");
            return ExitCodes.Usage;
        }

        var options = new SidecarOptions
        {
            Version = Version,
            Listeners =
            [
                settings.Way.Upstream is { } upstream ? new ProxyListener("http", listen, upstream)
                    : ProxyListener.ForGateways(listen),
            ],
            Admin = admin,
            RulesDirectory = settings.Rules ?? (Directory.Exists(DebianRules) ? DebianRules : null),
            ModelsDirectory = settings.Models,
            Upstream = new UpstreamAccess { CaFile = settings.UpstreamCa },
            // Who gives an address to the admin port has chosen who reaches it.
            Metrics = new MetricsAccess(IsOpen: true),
            Limits = Limits(),
            File = new PolicyFileOptions(settings.Policy, CompileFile),
            DecisionOutput = Console.OpenStandardOutput(),
        };
        return await RunAsync(options, TimeSpan.Zero, errors);
    }

    public static async Task<int> ServeEnvironmentAsync(Func<string, string?> environment, TextWriter errors)
    {
        var problems = new List<string>();
        if (SidecarEnvironment.Read(environment, problems) is not { } options)
        {
            foreach (var problem in problems) await errors.WriteLineAsync($"waf-sidecar: {problem}");
            await errors.WriteLineAsync("waf-sidecar: these are set by the operator when it injects a sidecar; see waf-sidecar --help");
            return ExitCodes.Usage;
        }

        return await RunAsync(
            options with { Version = Version, Limits = Limits(), DecisionOutput = Console.OpenStandardOutput() },
            PodLinger, errors);
    }

    /// <summary>Sends spans where the environment names a collector.</summary>
    private static async Task<TraceExport?> TraceAsync(SidecarOptions options, TextWriter errors)
    {
        var problems = new List<string>();
        var settings = TraceSettings.Read(Environment.GetEnvironmentVariable, TraceRatio, problems);
        foreach (var problem in problems) await errors.WriteLineAsync($"waf-sidecar: {problem}");
        return TraceExport.Start(settings, ResourceOf(options), WafOperator.Proxy.Sidecar.Traces);
    }

    private static Dictionary<string, string> ResourceOf(SidecarOptions options)
    {
        var resource = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["service.name"] = "waf-sidecar", ["service.version"] = options.Version,
        };
        if (options.Operator is not { } source) return resource;
        resource["k8s.namespace.name"] = source.Namespace;
        if (source.Pod is { } pod) resource["k8s.pod.name"] = pod;
        return resource;
    }

    /// <summary>What clients may use, from what the container may use: the collector's own bound says it.</summary>
    private static ProxyLimits Limits() =>
        new ProxyLimits().ForMemory(GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes);

    private static async Task<int> RunAsync(SidecarOptions options, TimeSpan linger, TextWriter errors)
    {
        using var logs = LoggerFactory.Create(builder => builder
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.Error)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            })
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        using var traces = await TraceAsync(options, errors);
        using var stopped = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var sidecar = new WafOperator.Proxy.Sidecar(options, TimeProvider.System, logs);
        if (sidecar.LoadPolicyFile() is { } problem)
        {
            foreach (var line in problem.Split(Environment.NewLine))
                await errors.WriteLineAsync($"waf-sidecar: {options.File!.Path}: {line}");
            await errors.WriteLineAsync("waf-sidecar: nothing is served. Correct the policy and start again.");
            return ExitCodes.Policy;
        }

        try
        {
            await sidecar.StartAsync(stopped.Token);
        }
        catch (IOException failure)
        {
            await errors.WriteLineAsync($"waf-sidecar: {failure.Message} Choose another port, or end what holds it (ss -ltnp).");
            return ExitCodes.Port;
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, stopped.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        await sidecar.StopAsync(linger);
        return ExitCodes.Ok;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopped.Cancel();
        }
    }

    private static PolicyFileContent CompileFile(string text, DateTimeOffset now)
    {
        var result = PolicyFile.Load(text, now);
        return new PolicyFileContent(result.Document, result.Errors, result.RecompileAt);
    }
}
