using System.Diagnostics;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>
/// Finds kube-apiserver and etcd, building the former if this machine has none yet (about ten minutes, once).
/// </summary>
internal static class KubernetesPrograms
{
    /// <summary>The path of kube-apiserver.</summary>
    public static async Task<string> ApiServerAsync()
    {
        var script = Path.Combine(RepositoryRoot(), "e2e", "cluster", "build-kubernetes.sh");
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(script);
        start.ArgumentList.Add("kube-apiserver");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var folder = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        var path = Path.Combine(folder, "kube-apiserver");
        return process.ExitCode == 0 && File.Exists(path)
            ? path
            : throw new InvalidOperationException($"{script} gave no kube-apiserver:\n{await errors}");
    }

    public static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "WafOperator.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("WafOperator.sln not found");
        return folder;
    }
}
