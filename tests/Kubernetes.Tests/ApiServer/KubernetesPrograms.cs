using System.Diagnostics;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>
/// Finds the programs of Kubernetes, building what this machine does not have yet (about ten minutes, once).
/// </summary>
internal static class KubernetesPrograms
{
    /// <summary>The path of kube-apiserver.</summary>
    public static Task<string> ApiServerAsync() => FindAsync("kube-apiserver");

    /// <summary>The path of a program, such as <c>kube-scheduler</c>.</summary>
    public static async Task<string> FindAsync(string program)
    {
        var script = Path.Combine(RepositoryRoot(), "e2e", "cluster", "build-kubernetes.sh");
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(script);
        start.ArgumentList.Add(program);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var folder = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        var path = Path.Combine(folder, program);
        return process.ExitCode == 0 && File.Exists(path)
            ? path
            : throw new InvalidOperationException($"{script} gave no {program}:\n{await errors}");
    }

    public static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "WafOperator.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("WafOperator.sln not found");
        return folder;
    }
}
