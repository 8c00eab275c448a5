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
    /// <param name="speaksTls">Whether the sidecar speaks TLS to a port of the application.</param>
    public static void Apply(PodEditor editor, PodView pod, CapturePlan.Ports plan, Func<int, bool> speaksTls)
    {
        foreach (var (port, listen) in plan.Moved) Move(editor, port, listen);
        foreach (var handler in pod.Handlers()) RewriteProbe(editor, handler, plan);
        foreach (var (handler, number) in Redirected(pod, plan))
            if (handler.IsHttps && speaksTls(number)) editor.Set("HTTP", [.. handler.Path, "scheme"]);
    }

    /// <summary>Probes that go through the sidecar, because a redirect catches the kubelet as well.</summary>
    public static IEnumerable<(int Port, bool IsHttps)> RedirectedProbes(PodView pod, CapturePlan.Ports plan) =>
        Redirected(pod, plan).Select(probe => (probe.Port, probe.Handler.IsHttps));

    private static IEnumerable<(ProbeHandler Handler, int Port)> Redirected(PodView pod, CapturePlan.Ports plan)
    {
        var redirected = plan.Captured.Where(port => port.Kind == CaptureKind.Redirect)
            .Select(port => port.ApplicationPort).ToHashSet();
        var declared = pod.TcpPorts();
        foreach (var handler in pod.Handlers())
            if (handler.Number(declared) is { } found && redirected.Contains(found))
                yield return (handler, found);
    }

    private static void Move(PodEditor editor, DeclaredPort port, int listen)
    {
        string[] ports = [.. port.Owner.Path, "ports"];
        editor.Set(listen, [.. ports, port.Index.ToString(CultureInfo.InvariantCulture), "containerPort"]);
        var declared =
            PodView.Objects(editor.Pod["spec"]![port.Owner.List]![port.Owner.Index]!["ports"]);
        if (declared.Any(other => PodView.Number(other, "containerPort") == port.Number
            && PodView.Text(other, "protocol") is null or "TCP")) return;
        editor.Insert(new JsonObject { ["containerPort"] = port.Number, ["protocol"] = "TCP" }, -1, ports);
    }

    /// <summary>
    /// A probe that names a moved port would ask the sidecar: it gets the application's number instead.
    /// </summary>
    private static void RewriteProbe(PodEditor editor, ProbeHandler handler, CapturePlan.Ports plan)
    {
        if (PodView.Text(handler.Handler, "port") is not { } name) return;
        foreach (var (port, _) in plan.Moved)
            if (port.Owner.IsAt(handler.Owner) && port.Name == name)
                editor.Set(port.Number, [.. handler.Path, "port"]);
    }
}
