using System.Diagnostics;
using System.Globalization;

namespace WafOperator.Benchmarks.Peers;

/// <summary>What the figures were taken on.</summary>
internal static class Machine
{
    /// <summary>Load average over the last minute.</summary>
    public static double Load() =>
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    public static string Processor() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
        ?? "unknown processor";

    /// <summary>Version of a Debian package, empty where it is not installed.</summary>
    public static string Package(string name)
    {
        using var query = Process.Start(new ProcessStartInfo("dpkg-query", ["-W", "-f", "${Version}", name])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var version = query.StandardOutput.ReadToEnd();
        query.WaitForExit();
        return version;
    }
}
