using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace WafOperator.Benchmarks.Load;

/// <summary>
/// A program under measurement with its child processes: processor time from /proc, instructions from perf where the
/// machine counts them.
/// </summary>
internal sealed class MeasuredProcess : IDisposable
{
    /// <summary>Clock ticks of /proc: the kernel has reported 100 of them a second for decades.</summary>
    private const double TicksPerSecond = 100;

    private static readonly Lazy<bool> Counts = new(ProbeCounter);

    private readonly Process _process;

    private MeasuredProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    /// <summary>True when perf can count instructions here.</summary>
    public static bool CountsInstructions => Counts.Value;

    public int Port { get; }

    /// <summary>Resident memory of the program and its children, bytes.</summary>
    public long ResidentBytes => Tree().Sum(static id =>
        ReadFields($"/proc/{id}/statm") is { Length: > 1 } fields
            ? long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize
            : 0);

    public static Task<MeasuredProcess> StartDotnetAsync(int port, params IReadOnlyList<string> arguments) =>
        StartAsync(port, "dotnet", arguments);

    /// <summary>Starts a program and waits until its port answers.</summary>
    public static async Task<MeasuredProcess> StartAsync(int port, string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, line) =>
        {
            if (line.Data is { } text && (text.Contains("waf-sidecar:") || text.Contains("nginx: [emerg]")))
                Console.Error.WriteLine(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        for (var i = 0; i < 600; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync("127.0.0.1", port);
                return new MeasuredProcess(process, port);
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(100);
            }
        }

        throw new InvalidOperationException($"nothing listens on port {port}");
    }

    /// <summary>Runs work and tells what the process and its children spent meanwhile.</summary>
    public Spent Measure(Action work)
    {
        var tree = Tree();
        using var perf = CountsInstructions ? StartPerf(tree) : null;
        if (perf is not null) Thread.Sleep(300);
        var (user, kernel) = ReadTicks(tree);
        work();
        var (userAfter, kernelAfter) = ReadTicks(tree);
        return new Spent(
            TimeSpan.FromSeconds((userAfter - user) / TicksPerSecond),
            TimeSpan.FromSeconds((kernelAfter - kernel) / TicksPerSecond), perf is null ? null : ReadPerf(perf));
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Fields 14 and 15 of /proc/PID/stat: time in user and in kernel mode of all threads.</summary>
    private static (long User, long Kernel) ReadTicks(IReadOnlyList<int> tree)
    {
        long user = 0, kernel = 0;
        foreach (var id in tree)
        {
            if (ReadStat(id) is not { } fields) continue;
            user += long.Parse(fields[11], CultureInfo.InvariantCulture);
            kernel += long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return (user, kernel);
    }

    /// <summary>The process and everything it started.</summary>
    private List<int> Tree()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)
                && ReadStat(id) is { } fields)
            {
                parents[id] = int.Parse(fields[1], CultureInfo.InvariantCulture);
            }
        }

        List<int> tree = [_process.Id];
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(parents.Where(pair => pair.Value == tree[i]).Select(static pair => pair.Key));
        return tree;
    }

    /// <summary>
    /// The fields of /proc/PID/stat behind the name, which may hold spaces; null when the process is gone.
    /// </summary>
    private static string[]? ReadStat(int id) => ReadFields($"/proc/{id}/stat", static text =>
        text[(text.LastIndexOf(')') + 2)..]);

    private static string[]? ReadFields(string file, Func<string, string>? cut = null)
    {
        try
        {
            var text = File.ReadAllText(file);
            return (cut is null ? text : cut(text)).Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static Process StartPerf(IEnumerable<int> tree)
    {
        string[] arguments = ["stat", "-x", ";", "-e", "instructions", "-p", string.Join(',', tree)];
        return Process.Start(new ProcessStartInfo("perf", arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
    }

    private static long? ReadPerf(Process perf)
    {
        using (var interrupt = Process.Start("kill", ["-INT", $"{perf.Id}"])) interrupt.WaitForExit();
        var output = perf.StandardError.ReadToEnd();
        perf.WaitForExit();
        return CountOf(output);
    }

    private static bool ProbeCounter()
    {
        try
        {
            string[] arguments = ["stat", "-x", ";", "-e", "instructions", "true"];
            using var perf = Process.Start(new ProcessStartInfo("perf", arguments)
            {
                RedirectStandardError = true, RedirectStandardOutput = true,
            })!;
            var output = perf.StandardError.ReadToEnd();
            perf.WaitForExit();
            return CountOf(output) is not null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static long? CountOf(string output)
    {
        var first = output.Split('\n')
            .FirstOrDefault(line => line.Contains("instructions", StringComparison.Ordinal))?.Split(';')[0];
        return long.TryParse(first, CultureInfo.InvariantCulture, out var count) ? count : null;
    }
}

/// <summary>What a process spent on some work. Instructions only where the machine counts them.</summary>
internal readonly record struct Spent(TimeSpan User, TimeSpan Kernel, long? Instructions)
{
    public TimeSpan Cpu => User + Kernel;
}
