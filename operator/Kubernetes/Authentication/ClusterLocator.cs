using System.Globalization;
using k8s;
using k8s.Authentication;
using k8s.KubeConfigModels;
using YamlDotNet.Core;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// Finds the cluster to talk to: an explicit kubeconfig, then <c>KUBECONFIG</c>, then the pod's own service account,
/// then <c>~/.kube/config</c>. Throws <see cref="KubeconfigException"/> with the next step when none can be used.
/// </summary>
public static class ClusterLocator
{
    private const int BytesMax = 4 << 20;
    private const int DepthMax = 32;

    public static ClusterConnection Locate(ClusterEnvironment environment)
    {
        if (environment.KubeconfigPath is { Length: > 0 } path) return FromFiles([path], environment.Context);
        if (environment.KubeconfigVariable is { Length: > 0 } list)
        {
            var paths = list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
            var there = paths.Where(File.Exists).ToList();
            return FromFiles(there.Count > 0 ? there : paths, environment.Context);
        }

        if (environment.ServiceHost is { Length: > 0 } && File.Exists(TokenPath(environment)))
            return InCluster(environment);
        if (environment.HomeDirectory is { Length: > 0 } home)
        {
            var standard = Path.Combine(home, ".kube", "config");
            if (File.Exists(standard)) return FromFiles([standard], environment.Context);
        }

        throw new KubeconfigException(
            "no cluster is configured: there is no KUBECONFIG, no ~/.kube/config and no service account of a pod. " +
            "Next: set KUBECONFIG to a kubeconfig file");
    }

    /// <summary>The cluster of a context of kubeconfigs; the first file that sets a value wins.</summary>
    internal static ClusterConnection FromFiles(IReadOnlyList<string> paths, string? context)
    {
        var where = string.Join(Path.PathSeparator, paths);
        try
        {
            var all = paths.Select(Load).Aggregate(Merge);
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(all, context);
            return new ClusterConnection(configuration.CurrentContext ?? context ?? "", configuration);
        }
        catch (KubeconfigException e)
        {
            if (paths.Any(path => e.Message.Contains(path, StringComparison.Ordinal))) throw;
            throw new KubeconfigException($"the kubeconfig {where} cannot be used: {e.Message}", e);
        }
        catch (YamlException e)
        {
            throw new KubeconfigException(
                $"the kubeconfig {where} is not valid YAML: line {e.Start.Line}: "
                    + e.Message.ReplaceLineEndings(" "), e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The library lets out whatever a malformed file leads to, null references among it (found by mutation).
            var why = (e is TypeInitializationException or AggregateException ? e.InnerException ?? e : e).Message;
            throw new KubeconfigException(
                $"the kubeconfig {where} cannot be used: {why.ReplaceLineEndings(" ").TrimEnd('.', ' ')}. Next: "
                    + "kubectl config view", e);
        }
    }

    private static K8SConfiguration Load(string path)
    {
        if (!File.Exists(path)) throw new KubeconfigException($"there is no kubeconfig {path}");
        if (new FileInfo(path).Length > BytesMax)
            throw new KubeconfigException($"the kubeconfig {path} has more than {BytesMax} bytes");
        var text = File.ReadAllText(path);
        CheckDepth(text, path);
        // Not the library's loader, which waits for an asynchronous read of its own.
        var file = KubernetesYaml.Deserialize<K8SConfiguration>(text)
            ?? throw new KubeconfigException($"the kubeconfig {path} is empty");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        // Paths are relative to the file that names them, which is forgotten when files are merged.
        foreach (var endpoint in (file.Clusters ?? []).Select(cluster => cluster.ClusterEndpoint))
        {
            if (endpoint?.CertificateAuthority is { Length: > 0 } authority)
                endpoint.CertificateAuthority = Path.GetFullPath(authority, folder);
        }

        foreach (var user in (file.Users ?? []).Select(user => user.UserCredentials))
        {
            if (user?.ClientCertificate is { Length: > 0 } certificate)
                user.ClientCertificate = Existing(certificate, folder, path);
            if (user?.ClientKey is { Length: > 0 } key) user.ClientKey = Existing(key, folder, path);
        }

        return file;
    }

    /// <summary>The library opens it with the first request, which is late to be told.</summary>
    private static string Existing(string file, string folder, string kubeconfig)
    {
        var full = Path.GetFullPath(file, folder);
        return File.Exists(full) ? full
            : throw new KubeconfigException($"the kubeconfig {kubeconfig} names {full}, which is not there");
    }

    /// <summary>What is read into objects is read recursively.</summary>
    private static void CheckDepth(string text, string path)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > DepthMax)
                throw new KubeconfigException($"the kubeconfig {path} is nested deeper than {DepthMax} levels");
        }
    }

    private static K8SConfiguration Merge(K8SConfiguration first, K8SConfiguration next)
    {
        first.CurrentContext = first.CurrentContext is { Length: > 0 } current ? current : next.CurrentContext;
        first.Clusters = [.. (first.Clusters ?? []).Concat(next.Clusters ?? []).DistinctBy(cluster => cluster.Name)];
        first.Users = [.. (first.Users ?? []).Concat(next.Users ?? []).DistinctBy(user => user.Name)];
        first.Contexts = [.. (first.Contexts ?? []).Concat(next.Contexts ?? []).DistinctBy(context => context.Name)];
        return first;
    }

    private static string TokenPath(ClusterEnvironment environment) =>
        Path.Combine(environment.ServiceAccountDirectory, "token");

    private static ClusterConnection InCluster(ClusterEnvironment environment)
    {
        const string where = "the pod's service account";
        var host = environment.ServiceHost!.Contains(':', StringComparison.Ordinal)
            ? $"[{environment.ServiceHost.Trim('[', ']')}]"
            : environment.ServiceHost;
        var port = environment.ServicePort is { Length: > 0 } p ? p : "443";
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || !Uri.TryCreate($"https://{host}:{port}/", UriKind.Absolute, out var server))
            throw new KubeconfigException($"KUBERNETES_SERVICE_HOST and _PORT do not form an address: {host}:{port}");
        var ns = Path.Combine(environment.ServiceAccountDirectory, "namespace");
        var configuration = new KubernetesClientConfiguration
        {
            Host = server.ToString(),
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
            // Read again every minute: the kubelet replaces it.
            TokenProvider = new TokenFileAuth(TokenPath(environment)),
        };
        return new ClusterConnection(
            "in-cluster", configuration,
            new TrustAnchors(Path.Combine(environment.ServiceAccountDirectory, "ca.crt"), where));
    }
}
