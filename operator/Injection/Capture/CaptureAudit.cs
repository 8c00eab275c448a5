using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>A Service port that leads to an injected pod around its sidecar.</summary>
public sealed record UncapturedPort(string Service, int Port);

/// <summary>
/// Looks at an injected pod and the Services of today: a Service that came (or changed) after the pod may target a port
/// that the sidecar did not take. Pure; what it finds belongs into the policy's status.
/// </summary>
public static class CaptureAudit
{
    /// <summary>Service ports that reach the pod's application directly; empty for a pod without a sidecar.</summary>
    public static IReadOnlyList<UncapturedPort> Uncaptured(JsonObject pod, IReadOnlyList<ServiceView> services)
    {
        var view = new PodView(pod);
        if (Listeners(view) is not { } listening) return [];
        var redirected = Redirected(view);
        var declared = view.TcpPorts();
        var found = new List<UncapturedPort>();
        foreach (var service in services)
        {
            if (!service.Selects(view.Labels)) continue;
            foreach (var target in service.Targets)
            {
                var number = target.PortName is null
                    ? target.PortNumber
                    : declared.FirstOrDefault(port => port.Name == target.PortName)?.Number ?? 0;
                if (number > 0 && !listening.Contains(number) && !redirected.Contains(number))
                    found.Add(new(service.Name, number));
            }
        }
        return found;
    }

    /// <summary>Ports the sidecar listens on, from its environment; null without a sidecar.</summary>
    private static HashSet<int>? Listeners(PodView pod)
    {
        var sidecar = pod.Containers.Concat(pod.InitContainers)
            .FirstOrDefault(container => PodView.Text(container, "name") == WellKnown.SidecarContainer);
        if (sidecar is null) return null;
        var variable = PodView.Objects(sidecar["env"])
            .FirstOrDefault(entry => PodView.Text(entry, "name") == "WAF_LISTENERS");
        return Numbers((PodView.Text(variable, "value") ?? "").Split(',')
            .Select(entry => entry[(entry.IndexOf('=', StringComparison.Ordinal) + 1)..].Split(':')[0]));
    }

    /// <summary>Ports that the init container redirects, from its arguments.</summary>
    private static HashSet<int> Redirected(PodView pod)
    {
        var init =
            pod.InitContainers.FirstOrDefault(container => PodView.Text(container, "name") == WellKnown.InitContainer);
        var arguments = init?["args"] as JsonArray ?? [];
        return Numbers(arguments.OfType<JsonValue>()
            .Select(argument => argument.TryGetValue<string>(out var text) ? text.Split('=')[0] : ""));
    }

    private static HashSet<int> Numbers(IEnumerable<string> texts) =>
        [.. texts.Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : 0).Where(number => number > 0)];
}
