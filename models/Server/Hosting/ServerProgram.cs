using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Hosting;

/// <summary>Runs a server until the process is told to end.</summary>
internal static class ServerProgram
{
    private const int Failed = 1;
    public const int Usage = 2;
    private const int NoRuntime = 3;
    private const int Port = 4;

    public static string Version =>
        typeof(ServerProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0] ?? "0.0.0";

    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, Func<string, string?> environment, TextWriter output, TextWriter errors)
    {
        var given = new ServerCommand(environment, Environment.ProcessorCount).Parse(arguments);
        if (given.Settings is not { } settings) return await given.AnswerAsync(output, errors);
        var problems = new List<string>();
        if (settings.Options.ModelsDirectory is { } folder && settings.Options.Pool is null
            && !Directory.Exists(folder))
            problems.Add($"--models: there is no folder {folder}");
        var key = settings.PublicKeyFile is { } file ? await ReadKeyAsync(file, problems) : null;
        if (problems.Count > 0)
        {
            foreach (var problem in problems) await errors.WriteLineAsync($"waf-inference: {problem}");
            return await SayAsync(errors, "See waf-inference --help.", Usage);
        }

        var runtime = OrtRuntime.TryLoad(settings.OnnxRuntimeFile, out var reason);
        if (runtime is null)
            return await SayAsync(
                errors, $"waf-inference: {reason}. Put it there, or name it with --onnxruntime.", NoRuntime);
        if (runtime.ProblemOf(settings.Options.Provider) is { } missing)
            return await SayAsync(errors, $"waf-inference: {missing}", NoRuntime);
        return await ServeAsync(settings.Options with { Version = Version, PublicKeyPem = key }, runtime, errors);
    }

    private static async Task<int> ServeAsync(ServerOptions options, OrtRuntime runtime, TextWriter errors)
    {
        using var logs = LoggerFactory.Create(Log);
        using var stopped = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var server = new InferenceServer(options, runtime, TimeProvider.System, logs);
        try
        {
            await server.StartAsync(stopped.Token);
        }
        catch (IOException failure)
        {
            return await SayAsync(
                errors, $"waf-inference: {failure.Message} Choose another port, or end what holds it (ss -ltnp).",
                Port);
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            return 0;
        }

        if (options.Pool is null && server.Status().Models.All(m => m.State != "READY"))
            return await SayAsync(
                errors, $"waf-inference: none of the packages in {options.ModelsDirectory} can be served; see above",
                Failed);
        await Task.Delay(Timeout.InfiniteTimeSpan, stopped.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        await server.StopAsync();
        return 0;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopped.Cancel();
        }
    }

    private static void Log(ILoggingBuilder builder) => builder
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        })
        .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

    private static async Task<string?> ReadKeyAsync(string file, List<string> problems)
    {
        try
        {
            return await File.ReadAllTextAsync(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problems.Add($"--public-key: {failure.Message}");
            return null;
        }
    }

    private static async Task<int> SayAsync(TextWriter writer, string text, int code)
    {
        await writer.WriteLineAsync(text);
        return code;
    }
}
