using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>Why a pod of a target has no sidecar. Names are an API (status of policies).</summary>
public enum SidecarAbsence
{
    /// <summary>Its annotations do not ask for one.</summary>
    NotRequested,

    /// <summary>Its annotation says that it wants none.</summary>
    OptedOut,

    /// <summary>It asks for one, and was created before the operator was there, or without it.</summary>
    NotInjected,

    /// <summary>A container has the sidecar's name and is not what was injected.</summary>
    Replaced,

    /// <summary>It shares its node's network.</summary>
    HostNetwork,

    /// <summary>A Windows pod.</summary>
    UnsupportedSystem,

    /// <summary>Its containers see each other's processes, and with them a sidecar's.</summary>
    SharedProcesses,

    /// <summary>No container declares a TCP port.</summary>
    NoPorts,

    /// <summary>It runs to completion: before Kubernetes 1.29 a sidecar would keep it from that.</summary>
    RunsToCompletion,
}

/// <summary>Reads from a pod without a sidecar why it has none. Pure.</summary>
public static class SidecarAbsences
{
    /// <summary>The reason for a pod as the API server serves it, which has no sidecar.</summary>
    public static SidecarAbsence Of(JsonElement pod)
    {
        var view = new PodView(pod.ValueKind == JsonValueKind.Object ? JsonObject.Create(pod)! : []);
        if (view.Containers.Concat(view.InitContainers)
            .Any(container => PodView.Text(container, "name") == WellKnown.SidecarContainer))
            return SidecarAbsence.Replaced;
        if (view.IsHostNetwork) return SidecarAbsence.HostNetwork;
        if (view.IsWindows) return SidecarAbsence.UnsupportedSystem;
        if (view.SharesProcesses) return SidecarAbsence.SharedProcesses;
        if (view.Completes) return SidecarAbsence.RunsToCompletion;
        if (view.TcpPorts().Count == 0) return SidecarAbsence.NoPorts;
        if (!view.Annotations.TryGetValue(WellKnown.InjectAnnotation, out var wish)) return SidecarAbsence.NotRequested;
        return wish == "true" ? SidecarAbsence.NotInjected : SidecarAbsence.OptedOut;
    }

    /// <summary>A new pod of the same template would have a sidecar.</summary>
    /// <param name="absence">Why this one has none.</param>
    /// <param name="isRequired">The policy requires it.</param>
    public static bool EndsWithANewPod(SidecarAbsence absence, bool isRequired) => absence switch
    {
        SidecarAbsence.NotInjected => true,
        SidecarAbsence.NotRequested or SidecarAbsence.OptedOut => isRequired,
        _ => false,
    };
}
