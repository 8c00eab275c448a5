using System.Text.Json.Nodes;

namespace WafOperator.Injection;

/// <summary>What to do with a pod.</summary>
public abstract record InjectionDecision
{
    private InjectionDecision()
    {
    }

    /// <summary>Add a sidecar: the patch (RFC 6902), the pod as it becomes, and what was decided.</summary>
    public sealed record Inject(JsonArray Patch, JsonObject Pod, InjectionReport Report) : InjectionDecision;

    /// <summary>Let the pod through unchanged.</summary>
    public sealed record Skip(SkipReason Reason, string Message) : InjectionDecision;

    /// <summary>Refuse the pod: it asked for protection that it cannot get, and bare is not an answer.</summary>
    public sealed record Deny(DenyReason Reason, string Message) : InjectionDecision;
}

/// <summary>Why a pod passes without a sidecar. Names are an API (metrics, events).</summary>
public enum SkipReason
{
    /// <summary>No annotation asks for it.</summary>
    NotRequested,

    /// <summary>The annotation says false.</summary>
    OptedOut,

    /// <summary>The namespace is the operator's own or the control plane's.</summary>
    NamespaceExempt,

    /// <summary>The sidecar is there already.</summary>
    AlreadyInjected,

    /// <summary>No Service targets the pod and no container declares a TCP port: there is nothing to protect.</summary>
    NoPorts,

    /// <summary>All ports say that they carry something else than HTTP or TLS.</summary>
    NoHttpPorts,

    /// <summary>
    /// A Job's pod on a cluster without native sidecars: a classic sidecar would keep it from completing.
    /// </summary>
    JobNeedsNativeSidecar,
}

/// <summary>Why a pod is refused. Names are an API (metrics, events).</summary>
public enum DenyReason
{
    /// <summary>An annotation of ours cannot be read.</summary>
    InvalidAnnotation,

    /// <summary>No policy names the pod's workload, and the pod names none (or one that is not there).</summary>
    NoPolicy,

    /// <summary>The pod shares its node's network: ports cannot be handed over there.</summary>
    HostNetwork,

    /// <summary>A Windows pod.</summary>
    UnsupportedSystem,

    /// <summary>Containers of the pod could read the sidecar's memory, files and token.</summary>
    SharedProcesses,

    /// <summary>A container, volume or port that the sidecar needs is taken.</summary>
    Clash,

    /// <summary>
    /// The capture mode asked for does not reach every Service, or the namespace forbids the one that would.
    /// </summary>
    CaptureImpossible,

    /// <summary>The policy requires a sidecar, and the pod cannot have one.</summary>
    Required,

    /// <summary>The object is not a pod that can be read: no containers, or a port's name that none can have.</summary>
    Malformed,
}

/// <summary>How one port is captured.</summary>
public enum CaptureKind { NamedPort, Redirect }

/// <summary>One captured port: where the sidecar listens, where the application does.</summary>
public sealed record CapturedPort(CaptureKind Kind, string Name, int ListenPort, int ApplicationPort,
    IReadOnlyList<string> Services);

/// <summary>What was decided, for events and for <c>kubectl describe</c>.</summary>
public sealed record InjectionReport
{
    public required string Policy { get; init; }
    public required bool IsNative { get; init; }
    public required IReadOnlyList<CapturedPort> Ports { get; init; }

    /// <summary>What somebody should know: ways around the sidecar, guesses that were made.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Hash of what was injected.</summary>
    public string Hash { get; init; } = "";

    public override string ToString()
    {
        var ports = Ports.Select(port => port.Kind == CaptureKind.NamedPort
            ? $"named port {port.Name}: {port.ListenPort} to {port.ApplicationPort}"
            : $"redirect of {port.ApplicationPort}: {port.ListenPort} to {port.ApplicationPort}");
        return $"{(IsNative ? "native" : "classic")} sidecar for policy {Policy}; {string.Join(", ", ports)}"
            + string.Concat(Notes.Select(note => "; " + note));
    }
}
