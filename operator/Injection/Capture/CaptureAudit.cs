namespace WafOperator.Injection.Capture;

/// <summary>Why a Service port does not lead to the sidecar.</summary>
public enum UncapturedKind
{
    /// <summary>It leads to the application around the sidecar.</summary>
    Around,

    /// <summary>It targets a name that no container declares for TCP: nothing of the pod answers there.</summary>
    Unresolved,

    /// <summary>It says that it does not carry HTTP, so the sidecar did not take it.</summary>
    NotHttp,
}

/// <summary>A Service port that leads to an injected pod, but not to its sidecar.</summary>
public sealed record UncapturedPort(string Service, int Port, UncapturedKind Kind = UncapturedKind.Around,
    string? Name = null)
{
    public override string ToString() => $"Service {Service} port {(Kind == UncapturedKind.Unresolved ? Name : Port)}";
}

/// <summary>
/// Looks at an injected pod and the Services of today: a Service that came (or changed) after the pod may target a port
/// that the sidecar did not take. Pure; what it finds belongs into the policy's status.
/// </summary>
public static class CaptureAudit
{
    /// <summary>Service ports that do not reach the pod's sidecar.</summary>
    public static IReadOnlyList<UncapturedPort> Uncaptured(
        CapturedPod pod, IReadOnlyDictionary<string, string> labels, IEnumerable<ServiceView> services)
    {
        var found = new List<UncapturedPort>();
        foreach (var service in services)
        {
            if (!service.Selects(labels)) continue;
            foreach (var target in service.Targets)
                if (Finding(pod, service, target) is { } finding && !found.Contains(finding)) found.Add(finding);
        }
        return found;
    }

    private static UncapturedPort? Finding(CapturedPod pod, ServiceView service, ServiceTarget target)
    {
        var number = target.PortName is { } name
            ? pod.Declared.FirstOrDefault(port => port.Name == name).Number
            : target.PortNumber;
        if (number <= 0) return new(service.Name, 0, UncapturedKind.Unresolved, target.PortName);
        if (pod.Listening.Contains(number) || pod.Redirected.Contains(number) || pod.MeshPorts.Contains(number))
            return null;
        var protocol = PortProtocols.Of(target,
            pod.Declared.Where(port => port.Number == number).Select(port => port.Name),
            pod.ProbedWithTls.Contains(number));
        if (!PortProtocols.IsUnreadable(protocol)) return new(service.Name, number);
        return pod.NamesPorts ? null : new(service.Name, number, UncapturedKind.NotHttp);
    }
}
