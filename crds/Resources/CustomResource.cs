namespace WafOperator.Resources;

/// <summary>An object of one of our kinds: spec written by people, status by the operator.</summary>
public interface ICustomResource
{
    string ApiVersion { get; }
    string Kind { get; }
    ObjectMeta Metadata { get; }
}

/// <summary>Group and version of all kinds.</summary>
public static class ApiGroup
{
    public const string Name = "wafoperator.dev";
    public const string Version = "v1alpha1";
    public const string ApiVersion = Name + "/" + Version;
}

/// <summary>Annotations and labels that users and the operator put on pods and templates.</summary>
public static class WellKnown
{
    /// <summary><c>"true"</c> on a pod template asks for a sidecar.</summary>
    public const string InjectAnnotation = ApiGroup.Name + "/inject";

    /// <summary>Name of the WafPolicy that this pod wants, when no <c>targetRefs</c> selects it.</summary>
    public const string PolicyAnnotation = ApiGroup.Name + "/policy";

    /// <summary>
    /// Comma-separated names or numbers of container ports to protect; default: those that Services target.
    /// </summary>
    public const string PortsAnnotation = ApiGroup.Name + "/ports";

    /// <summary><c>auto</c>, <c>named-port</c> or <c>redirect</c>.</summary>
    public const string CaptureAnnotation = ApiGroup.Name + "/capture";

    /// <summary>CPU request, memory request and limit of the sidecar.</summary>
    public const string CpuAnnotation = ApiGroup.Name + "/sidecar-cpu";
    public const string MemoryAnnotation = ApiGroup.Name + "/sidecar-memory";
    public const string MemoryLimitAnnotation = ApiGroup.Name + "/sidecar-memory-limit";

    /// <summary>Written by the injector: hash of what was injected.</summary>
    public const string InjectedAnnotation = ApiGroup.Name + "/injected";

    /// <summary>Written by the injector: name of the policy the sidecar was injected for.</summary>
    public const string InjectedPolicyAnnotation = ApiGroup.Name + "/injected-policy";

    /// <summary>Written by the injector: what was decided, in one sentence.</summary>
    public const string ReportAnnotation = ApiGroup.Name + "/injection-report";

    /// <summary>Label on injected pods, so that coverage is one selector.</summary>
    public const string InjectedLabel = ApiGroup.Name + "/sidecar";

    /// <summary>Label on injected pods: pods with the same value have the same open ports (network policies).</summary>
    public const string OpenPortsLabel = ApiGroup.Name + "/open-ports";

    /// <summary>Name of the injected container.</summary>
    public const string SidecarContainer = "waf-sidecar";

    /// <summary>Name of the init container that redirects.</summary>
    public const string InitContainer = "waf-init";
}
