using System.Globalization;
using WafOperator.Injection.Annotations;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Decides which ports are captured, and how. Handing a name over needs nothing but reaches only Services that target
/// the name; a Service that targets the number, or a headless one (its clients connect to pods themselves), needs a
/// redirect.
/// </summary>
internal sealed class CapturePlanner(PodView pod, PodOptions options, IReadOnlyList<ServiceView> services,
    PolicyFloor floor, InjectionSettings settings)
{
    private const string PodSecurityLabel = "pod-security.kubernetes.io/enforce";

    private readonly IReadOnlyList<DeclaredPort> _declared = pod.TcpPorts();
    private readonly List<ServiceView> _behind =
        [.. services.Where(service => service.Selects(pod.Labels))
            .OrderBy(service => service.Name, StringComparer.Ordinal)];
    private readonly List<string> _notes = [];

    public CapturePlan Plan(IReadOnlyDictionary<string, string> namespaceLabels)
    {
        var numbers = new PortChoice(pod, options, floor, _behind).Choose(_notes, out var instead);
        if (instead is not null) return instead;
        var used = pod.UsedNumbers();
        used.UnionWith(numbers);
        if (used.Contains(settings.AdminPort))
            return new CapturePlan.Impossible(DenyReason.Clash,
                $"the pod uses port {settings.AdminPort}, which the sidecar needs for its status: choose another, "
                + "or another for all sidecars (the operator's --sidecar-admin-port)");
        used.Add(settings.AdminPort);
        var captured = new List<CapturedPort>();
        var moved = new List<(DeclaredPort, int)>();
        foreach (var number in numbers)
        {
            if (NextFree(used) is not { } listen)
                return new CapturePlan.Impossible(DenyReason.Clash,
                    $"the pod leaves no port free from {settings.FirstListenPort} on for the sidecar to listen on");
            if (Capture(number, listen, captured, moved) is { } impossible) return impossible;
        }
        var redirected = captured.Where(port => port.Kind == CaptureKind.Redirect).ToList();
        if (redirected.Count > 0 && Forbidden(namespaceLabels, redirected) is { } forbidden) return forbidden;
        NoteMeshes(redirected);
        return new CapturePlan.Ports(captured, moved, _notes);
    }

    private void NoteMeshes(List<CapturedPort> redirected)
    {
        foreach (var mesh in Meshes.In(pod))
        {
            if (Meshes.IsDapr(mesh.Name))
                _notes.Add($"{mesh.Name} calls the application inside the pod, around the sidecar");
            else if (redirected.Count > 0)
                _notes.Add($"{mesh.Name} takes inbound connections over as well, and the redirect of port "
                    + $"{string.Join(", ", redirected.Select(port => port.ApplicationPort))} may come before or after "
                    + "it: let Services target the port's name");
        }
    }

    private CapturePlan.Impossible? Capture(int number, int listen, List<CapturedPort> captured,
        List<(DeclaredPort, int)> moved)
    {
        var named = _declared.Where(port => port.Number == number && port.Name is not null && IsFirstOfItsName(port))
            .ToList();
        var byNumber =
            Names(service => !service.IsHeadless
                && service.Targets.Any(target => target.PortName is null && target.PortNumber == number));
        var headless = Names(service => service.IsHeadless && service.Targets.Any(target => Resolve(target) == number));
        var mode = floor.Capture;
        if (mode == CaptureMode.NamedPort)
        {
            if (byNumber.Count > 0)
                return Impossible($"Service {string.Join(", ", byNumber)} targets the "
                    + $"number {number}, which the capture mode named-port does not reach: "
                    + "let it target the port's name, or use the capture mode auto or redirect");
            if (named.Count == 0)
                return Impossible($"port {number} has no name to hand over: name the container port, or use the "
                    + $"capture mode auto or redirect");
            if (headless.Count > 0 && floor.RefusesWaysAround)
                return Impossible($"clients of the headless Service {string.Join(", ", headless)} may connect to "
                    + $"port {number} directly, around the sidecar, which the policy's capture mode does not allow: "
                    + $"remove the annotation {WellKnown.CaptureAnnotation}");
            if (headless.Count > 0)
                _notes.Add($"clients of the headless Service {string.Join(", ", headless)} may connect to "
                    + $"port {number} directly, around the sidecar");
        }
        var redirect = mode == CaptureMode.Redirect || byNumber.Count > 0 || named.Count == 0
            || (mode == CaptureMode.Auto && headless.Count > 0);
        var services = Names(service => service.Targets.Any(target => Resolve(target) == number));
        if (redirect)
        {
            captured.Add(new(CaptureKind.Redirect, string.Create(CultureInfo.InvariantCulture, $"port-{number}"),
                listen, number, services));
            return null;
        }
        moved.AddRange(named.Select(port => (port, listen)));
        captured.Add(new(CaptureKind.NamedPort, named[0].Name!, listen, number, services));
        return null;
    }

    private static CapturePlan.Impossible? Forbidden(IReadOnlyDictionary<string, string> namespaceLabels,
        List<CapturedPort> redirected)
    {
        if (!namespaceLabels.TryGetValue(PodSecurityLabel, out var level) || level is not ("restricted" or "baseline"))
            return null;
        var ports = string.Join(", ", redirected.Select(port => port.ApplicationPort));
        return Impossible($"capturing port {ports} needs a redirect by an init container with NET_ADMIN, which the "
            + $"namespace's pod security level "
            + $"{level} forbids: name the container port and let Services target that name");
    }

    private int? Resolve(ServiceTarget target) => PortChoice.Resolve(target, _declared);

    /// <summary>A Service that targets a name reaches the first container port of that name.</summary>
    private bool IsFirstOfItsName(DeclaredPort port) => _declared.First(other => other.Name == port.Name) == port;

    private List<string> Names(Func<ServiceView, bool> where) =>
        [.. _behind.Where(where).Select(service => service.Name)];

    private int? NextFree(HashSet<int> used)
    {
        for (var port = settings.FirstListenPort; port <= 65535; port++)
            if (!Meshes.IsReserved(port) && used.Add(port)) return port;
        return null;
    }

    private static CapturePlan.Impossible Impossible(string message) => new(DenyReason.CaptureImpossible, message);
}
