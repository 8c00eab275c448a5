using WafOperator.Controllers.Certificates;
using WafOperator.Controllers.Models;
using WafOperator.Injection;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Operator.Host;

/// <summary>Process settings of the operator, from its command line.</summary>
public sealed record OperatorOptions
{
    /// <summary>The operator's own namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of this replica, unique among them.</summary>
    public required string Identity { get; init; }

    public required string SidecarImage { get; init; }
    public required string InitImage { get; init; }
    public string? InferenceImage { get; init; }
    public string ClusterDomain { get; init; } = "cluster.local";
    public string? Kubeconfig { get; init; }

    /// <summary>Service in front of webhooks and distribution.</summary>
    public string ServiceName { get; init; } = "waf-operator";

    /// <summary>Name of the webhook configurations whose <c>caBundle</c> is kept.</summary>
    public string WebhookConfiguration { get; init; } = "waf-operator";

    public string TlsSecret { get; init; } = "waf-operator-tls";

    /// <summary>False: the Secret is given by somebody else (cert-manager), and so is <c>caBundle</c>.</summary>
    public bool ManageCertificates { get; init; } = true;

    /// <summary>Whose packages are taken.</summary>
    public PackageTrust Trust { get; init; } = new("", allowUnsigned: false, null);

    /// <summary>Which hosts and addresses are called outside of the cluster's API.</summary>
    public OutsideRules Outside { get; init; } = OutsideRules.Default;

    /// <summary>Make a NetworkPolicy for each pool.</summary>
    public bool ClosePools { get; init; } = true;

    /// <summary>Namespaces that reach pools besides the operator's and the sidecars of a pool's own.</summary>
    public IReadOnlyList<string> PoolsReachedFrom { get; init; } = [];

    /// <summary>What authors of InferencePools may ask for.</summary>
    public PoolBounds Pools { get; init; } = new();

    public int WebhookPort { get; init; } = 9443;
    public int DistributionPort { get; init; } = 9444;
    public int MetricsPort { get; init; } = 8080;
    public int SidecarAdminPort { get; init; } = InjectionSettings.AdminPortDefault;
    public int SidecarFirstPort { get; init; } = InjectionSettings.FirstListenPortDefault;

    /// <summary>CPU of the init container that redirects.</summary>
    public string InitCpu { get; init; } = InjectionSettings.InitCpuDefault;

    /// <summary>Folder with packages that came with the image (<c>builtin://NAME</c>), or null.</summary>
    public string? ModelsFolder { get; init; }

    /// <summary>Folder for model packages and rule set archives.</summary>
    public string BlobFolder { get; init; } = "/tmp/waf-operator-blobs";

    /// <summary>Most bytes in it.</summary>
    public long BlobBytesMax { get; init; } = 2L << 30;

    /// <summary>The console's service account, which events are kept for; null: they are only counted.</summary>
    public NamespacedName? Console { get; init; }

    /// <summary>Folder for events that the console has not fetched yet.</summary>
    public string EventFolder { get; init; } = "/tmp/waf-operator-events";

    /// <summary>Most bytes in it, compressed: about ten times as many bytes of events.</summary>
    public long EventBytesMax { get; init; } = 1L << 30;

    /// <summary>Most bytes of it that the packages in use of one namespace take.</summary>
    public long BlobBytesPerNamespaceMax => BlobBytesMax / 4;

    /// <summary>
    /// Who may read sidecars' metrics besides the pod itself: <c>open</c>, <c>sha256:</c> and the digest of a token, or
    /// null for nobody.
    /// </summary>
    public string? SidecarMetrics { get; init; }

    /// <summary>OTLP collector that sidecars send traces to, or null for none.</summary>
    public string? SidecarTraceEndpoint { get; init; }

    /// <summary>Share of requests that sidecars trace, from 0 to 1.</summary>
    public double SidecarTraceRatio { get; init; } = InjectionSettings.TraceRatioDefault;

    /// <summary>PEM file with the authority of the API server's client certificate for webhooks, or null.</summary>
    public string? WebhookClientCa { get; init; }

    /// <summary>The Secret with certificates.</summary>
    public NamespacedName TlsSecretKey => new(Namespace, TlsSecret);

    /// <summary>The Secret of the authority that signs it, which the leader alone reads.</summary>
    public NamespacedName AuthoritySecretKey => new(Namespace, CertificateSecret.AuthorityName);

    /// <summary>Names that the serving certificate carries.</summary>
    public IReadOnlyList<string> ServingNames =>
    [
        $"{ServiceName}.{Namespace}.svc",
        $"{ServiceName}.{Namespace}.svc.{ClusterDomain}",
        $"{ServiceName}.{Namespace}",
        ServiceName,
    ];

    /// <summary>What injection needs to know of this installation.</summary>
    public InjectionSettings Injection(bool nativeSidecars) => new()
    {
        SidecarImage = SidecarImage,
        InitImage = InitImage,
        OperatorUrl = DistributionUrl,
        NativeSidecars = nativeSidecars,
        AdminPort = SidecarAdminPort,
        FirstListenPort = SidecarFirstPort,
        InitCpu = InitCpu,
        Metrics = SidecarMetrics,
        TraceEndpoint = SidecarTraceEndpoint,
        TraceRatio = SidecarTraceRatio,
        ExemptNamespaces = new HashSet<string>(StringComparer.Ordinal) { "kube-system", "kube-public", "kube-node-lease", Namespace },
    };

    /// <summary>Where sidecars find the distribution.</summary>
    public string DistributionUrl => $"https://{ServiceName}.{Namespace}.svc:{DistributionPort}";
}
