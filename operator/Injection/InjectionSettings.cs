namespace WafOperator.Injection;

/// <summary>What injection needs to know of the installation and the cluster. Immutable.</summary>
public sealed record InjectionSettings
{
    public const int AdminPortDefault = 16520;
    public const int FirstListenPortDefault = 16500;
    public const string InitCpuDefault = "100m";

    public const double TraceRatioDefault = 0.01;

    public required string SidecarImage { get; init; }

    /// <summary>
    /// Image whose entry point takes <c>FROM=TO</c> pairs and redirects ports (capture mode redirect).
    /// </summary>
    public required string InitImage { get; init; }
    public string ImagePullPolicy { get; init; } = "IfNotPresent";

    /// <summary>Base URL of the distribution, for example <c>https://waf-operator.waf-system.svc:9444</c>.</summary>
    public required string OperatorUrl { get; init; }

    /// <summary>Kubernetes 1.29 and later: sidecars are init containers that go on running.</summary>
    public bool NativeSidecars { get; init; }

    /// <summary>Namespaces that are never injected: the operator's own and those of the control plane.</summary>
    public IReadOnlySet<string> ExemptNamespaces { get; init; } =
        new HashSet<string>(StringComparer.Ordinal) { "kube-system", "kube-public", "kube-node-lease" };

    /// <summary>Audience of the projected service-account token.</summary>
    public string TokenAudience { get; init; } = "waf-operator";

    /// <summary>
    /// ConfigMap in each namespace with the operator's CA bundle, and its key. A pod waits until it is there.
    /// </summary>
    public string CaConfigMap { get; init; } = "waf-operator-ca";
    public string CaKey { get; init; } = "ca.crt";

    /// <summary>Folders in the sidecar's image.</summary>
    public string RulesDirectory { get; init; } = "/rules";
    public string ModelsDirectory { get; init; } = "/models";

    /// <summary>Command that waits until the sidecar is ready, for the classic form's start hook.</summary>
    public IReadOnlyList<string> WaitCommand { get; init; } = ["dotnet", "/app/waf-sidecar.dll", "wait"];

    /// <summary>
    /// Port of the sidecar's status. Like the listening ports outside of the ranges that service meshes take (Istio
    /// 15000 to 15100) and that nodes take for NodePorts and outgoing connections.
    /// </summary>
    public int AdminPort { get; init; } = AdminPortDefault;

    /// <summary>Value of the sidecar's WAF_METRICS: who may scrape it; null sets none.</summary>
    public string? Metrics { get; init; }

    /// <summary>OTLP collector that sidecars send traces to by HTTP, or null for none.</summary>
    public string? TraceEndpoint { get; init; }

    /// <summary>Share of requests that sidecars trace, from 0 to 1.</summary>
    public double TraceRatio { get; init; } = TraceRatioDefault;

    /// <summary>Listening ports are taken from here upwards, leaving out what the pod uses.</summary>
    public int FirstListenPort { get; init; } = FirstListenPortDefault;

    /// <summary>
    /// CPU that the init container of a redirect requests and is limited to: equal, and never left out, because a
    /// ResourceQuota on limits.cpu refuses pods with a container that has none. It runs before the sidecar, so its
    /// request adds nothing to the pod's.
    /// </summary>
    public string InitCpu { get; init; } = InitCpuDefault;

    /// <summary>The same for memory.</summary>
    public string InitMemory { get; init; } = "64Mi";

    /// <summary>User and group of the sidecar; the next number is taken where the pod uses this one.</summary>
    public long UserId { get; init; } = 65532;

    /// <summary>Bound of the volume for the last good policy and fetched models.</summary>
    public string StateSizeLimit { get; init; } = "256Mi";
}
