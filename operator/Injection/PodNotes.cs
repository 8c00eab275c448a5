using System.Net;
using WafOperator.Injection.Capture;
using WafOperator.Injection.Containers;

namespace WafOperator.Injection;

/// <summary>What somebody should know about a pod beside its ports, and what is written for others to read.</summary>
internal static class PodNotes
{
    /// <summary>Volumes on the node that the cluster autoscaler need not keep: names, separated by commas.</summary>
    public const string EvictableVolumesAnnotation = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

    /// <param name="speaksTls">Whether the sidecar speaks TLS to a port of the application.</param>
    public static IEnumerable<string> Of(
        PodView pod, CapturePlan.Ports plan, InjectionSettings settings, Func<int, bool> speaksTls)
    {
        foreach (var (port, isHttps) in PortEditor.RedirectedProbes(pod, plan).Distinct().Order())
            yield return isHttps && speaksTls(port)
                ? $"HTTPS probes of port {port} pass through the sidecar, and ask it in plain HTTP"
                : isHttps
                ? $"the HTTPS probe of port {port} passes through the sidecar, which reads plain HTTP, and will fail"
                : $"probes of port {port} pass through the sidecar";
        var dns = PodView.Text(pod.Spec, "dnsPolicy");
        if (dns is "Default" or "None" && Host(settings.OperatorUrl) is { } host)
            yield return $"with dnsPolicy {dns} the pod's resolver must know {host}, or the sidecar gets no policy";
    }

    /// <summary>The annotation's value with the sidecar's state, which is fetched again on another node.</summary>
    public static string EvictableVolumes(PodView pod)
    {
        var names = pod.Annotations.TryGetValue(EvictableVolumesAnnotation, out var given)
            ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [];
        return string.Join(',', names.Append(SidecarContainer.StateVolume).Distinct());
    }

    /// <summary>The host of a URL, or null for an address.</summary>
    public static string? Host(string url) => Uri.TryCreate(url, UriKind.Absolute, out var parsed)
        && !IPAddress.TryParse(parsed.Host, out _) ? parsed.Host : null;
}
