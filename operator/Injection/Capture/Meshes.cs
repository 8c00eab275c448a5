namespace WafOperator.Injection.Capture;

/// <summary>
/// What service meshes put into pods: the containers, which are left alone, and the ranges of ports that they take
/// without declaring them, in which the sidecar does not listen.
/// </summary>
internal static class Meshes
{
    /// <summary>Proxies that take the pod's inbound connections over.</summary>
    private static readonly HashSet<string> Interceptors = new(StringComparer.Ordinal)
    {
        "istio-proxy", "linkerd-proxy", "consul-dataplane", "envoy-sidecar", "kuma-sidecar",
    };

    private const string Dapr = "daprd";

    private static readonly (int First, int Last)[] Ranges =
    [
        (15000, 15100), // Istio, Kuma, Consul's outbound listener
        (4140, 4191), // Linkerd
        (3500, 3501), (50001, 50002), // Dapr
        (19000, 19000), (20000, 20600), (21000, 21255), // Consul
    ];

    public static bool IsReserved(int port) => Ranges.Any(range => port >= range.First && port <= range.Last);

    public static bool IsInterceptor(string container) => Interceptors.Contains(container);

    public static bool IsDapr(string container) => container == Dapr;

    /// <summary>
    /// The mesh's containers. In a pod that has no other (a gateway of the mesh) they are the application.
    /// </summary>
    public static IReadOnlyList<RunningContainer> In(PodView pod)
    {
        var running = pod.Running();
        var found = running.Where(container => IsInterceptor(container.Name) || IsDapr(container.Name)).ToList();
        return running.Count(container => container.Name != Resources.WellKnown.SidecarContainer) > found.Count
            ? found : [];
    }
}
