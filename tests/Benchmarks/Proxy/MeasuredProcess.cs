using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace WafOperator.Benchmarks.Proxy;

/// <summary>
/// A program under measurement: its processor time from /proc, its instructions from perf where that is allowed.
/// </summary>
internal sealed class MeasuredProcess : IDisposable
{
    private const double TicksPerSecond = 100;

    private readonly Process _process;

    private MeasuredProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Resident memory, bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static async Task<MeasuredProcess> StartAsync(int port, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, line) =>
        {
            if (line.Data?.Contains("waf-sidecar:", StringComparison.Ordinal) is true) Console.Error.WriteLine(
                line.Data);
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

    /// <summary>Runs work and tells what the process spent meanwhile.</summary>
    public async Task<(TimeSpan Cpu, long? Instructions)> MeasureAsync(Func<Task> work)
    {
        using var perf = StartPerf();
        if (perf is not null) await Task.Delay(300);
        var before = ReadCpu();
        await work();
        var cpu = ReadCpu() - before;
        return (cpu, perf is null ? null : await ReadPerfAsync(perf));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private TimeSpan ReadCpu()
    {
        // Fields 14 and 15 of /proc/PID/stat; the name in field 2 may hold spaces, so counting starts behind it.
        var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(
            fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    private Process? StartPerf()
    {
        try
        {
            string[] arguments = ["stat", "-x", ";", "-e", "instructions", "-p", $"{_process.Id}"];
            return Process.Start(new ProcessStartInfo("perf", arguments)
            {
                RedirectStandardError = true, RedirectStandardOutput = true,
            });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task<long?> ReadPerfAsync(Process perf)
    {
        using (var interrupt = Process.Start("kill", ["-INT", $"{perf.Id}"])) await interrupt.WaitForExitAsync();
        var output = await perf.StandardError.ReadToEndAsync();
        await perf.WaitForExitAsync();
        var first = output.Split('\n')
            .FirstOrDefault(line => line.Contains("instructions", StringComparison.Ordinal))?.Split(';')[0];
        return long.TryParse(first, CultureInfo.InvariantCulture, out var count) ? count : null;
    }
}
