using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Injection.Patching;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Hands names over: the declared entry keeps its name (and host port) and gets the sidecar's number; the application's
/// number is declared without a name. The entry stays in the application's container on purpose: Services find a name
/// there on every Kubernetes, while those before 1.32 do not look into native sidecars. Declarations bind nothing: both
/// share one network.
/// </summary>
internal static class PortEditor
{
    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    private static readonly string[] Hooks = ["postStart", "preStop"];

    public static void Apply(PodEditor editor, PodView pod, CapturePlan.Ports plan)
    {
        foreach (var (port, listen) in plan.Moved) Move(editor, port, listen);
        for (var c = 0; c < pod.Containers.Count; c++) RewriteProbes(editor, pod.Containers[c], c, plan);
    }

    /// <summary>Ports whose probes go through the sidecar, because a redirect catches the kubelet as well.</summary>
    public static IEnumerable<int> RedirectedProbes(PodView pod, CapturePlan.Ports plan)
    {
        var redirected = plan.Captured.Where(port => port.Kind == CaptureKind.Redirect)
            .Select(port => port.ApplicationPort).ToHashSet();
        var declared = pod.TcpPorts();
        for (var c = 0; c < pod.Containers.Count; c++)
        {
            foreach (var (handler, _) in Handlers(pod.Containers[c], c))
            {
                var name = PodView.Text(handler, "port");
                var number = PodView.Number(handler, "port")
                    ?? declared.FirstOrDefault(port => port.Container == c && port.Name == name
                        && name is not null)?.Number;
                if (number is { } found && redirected.Contains(found)) yield return found;
            }
        }
    }

    private static void Move(PodEditor editor, DeclaredPort port, int listen)
    {
        string[] ports = ["spec", "containers", Text(port.Container), "ports"];
        editor.Set(listen, [.. ports, Text(port.Index), "containerPort"]);
        var declared = PodView.Objects(editor.Pod["spec"]!["containers"]![port.Container]!["ports"]);
        if (declared.Any(other => PodView.Number(other, "containerPort") == port.Number
            && PodView.Text(other, "protocol") is null or "TCP")) return;
        editor.Insert(new JsonObject { ["containerPort"] = port.Number, ["protocol"] = "TCP" }, -1, ports);
    }

    /// <summary>
    /// A probe that names a moved port would ask the sidecar: it gets the application's number instead.
    /// </summary>
    private static void RewriteProbes(PodEditor editor, JsonObject container, int index, CapturePlan.Ports plan)
    {
        foreach (var (handler, path) in Handlers(container, index))
        {
            if (PodView.Text(handler, "port") is not { } name) continue;
            foreach (var (port, _) in plan.Moved)
                if (port.Container == index && port.Name == name) editor.Set(port.Number, [.. path, "port"]);
        }
    }

    private static IEnumerable<(JsonObject Handler, string[] Path)> Handlers(JsonObject container, int index)
    {
        foreach (var probe in Probes)
            foreach (var kind in (string[])["httpGet", "tcpSocket"])
                if (container[probe] is JsonObject outer && outer[kind] is JsonObject handler)
                    yield return (handler, ["spec", "containers", Text(index), probe, kind]);
        if (container["lifecycle"] is not JsonObject lifecycle) yield break;
        foreach (var hook in Hooks)
            foreach (var kind in (string[])["httpGet", "tcpSocket"])
                if (lifecycle[hook] is JsonObject outer && outer[kind] is JsonObject handler)
                    yield return (handler, ["spec", "containers", Text(index), "lifecycle", hook, kind]);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
