namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// What a host read from its command line and environment about the cluster. Only hosts read those; everything else is
/// given this record.
/// </summary>
public sealed record ClusterEnvironment
{
    /// <summary>A kubeconfig named explicitly (<c>--kubeconfig</c>); it then must exist.</summary>
    public string? KubeconfigPath { get; init; }

    /// <summary>A context named explicitly (<c>--context</c>).</summary>
    public string? Context { get; init; }

    /// <summary>The value of <c>KUBECONFIG</c>: a list of paths, the first that sets a value wins.</summary>
    public string? KubeconfigVariable { get; init; }

    /// <summary>The user's home folder, where <c>.kube/config</c> is looked for last.</summary>
    public string? HomeDirectory { get; init; }

    /// <summary>The value of <c>KUBERNETES_SERVICE_HOST</c>, set in every pod.</summary>
    public string? ServiceHost { get; init; }

    /// <summary>The value of <c>KUBERNETES_SERVICE_PORT</c>.</summary>
    public string? ServicePort { get; init; }

    /// <summary>Where a pod finds its token, authority and namespace.</summary>
    public string ServiceAccountDirectory { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";
}
