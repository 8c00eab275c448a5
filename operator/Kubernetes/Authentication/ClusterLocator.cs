using System.Globalization;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// Finds the cluster to talk to: an explicit kubeconfig, then <c>KUBECONFIG</c>, then the pod's own service account,
/// then <c>~/.kube/config</c>. Throws <see cref="KubeconfigException"/> with the next step when none can be used.
/// </summary>
public static class ClusterLocator
{
    public static ClusterConnection Locate(ClusterEnvironment environment, TimeProvider time)
    {
        if (environment.KubeconfigPath is { Length: > 0 } path)
            return Kubeconfig.Load([path], missingAllowed: false).Connect(environment.Context, time);
        if (environment.KubeconfigVariable is { Length: > 0 } list)
        {
            var paths = list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
            return Kubeconfig.Load(paths, missingAllowed: true).Connect(environment.Context, time);
        }

        if (environment.ServiceHost is { Length: > 0 } && File.Exists(TokenPath(environment)))
            return InCluster(environment, time);
        if (environment.HomeDirectory is { Length: > 0 } home)
        {
            var standard = Path.Combine(home, ".kube", "config");
            if (File.Exists(standard))
                return Kubeconfig.Load([standard], missingAllowed: false).Connect(environment.Context, time);
        }

        throw new KubeconfigException(
            "no cluster is configured: there is no KUBECONFIG, no ~/.kube/config and no service account of a pod. " +
            "Next: set KUBECONFIG to a kubeconfig file");
    }

    private static string TokenPath(ClusterEnvironment environment) =>
        Path.Combine(environment.ServiceAccountDirectory, "token");

    private static ClusterConnection InCluster(ClusterEnvironment environment, TimeProvider time)
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
        return new ClusterConnection
        {
            Server = server,
            Name = "in-cluster",
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
            Credentials = new TokenFileCredentials(TokenPath(environment), null, time),
            Trust = new TrustAnchors(Path.Combine(environment.ServiceAccountDirectory, "ca.crt"), where),
        };
    }
}
