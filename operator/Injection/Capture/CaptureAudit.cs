namespace WafOperator.Injection.Capture;

/// <summary>A Service port that leads to an injected pod around its sidecar.</summary>
public sealed record UncapturedPort(string Service, int Port);

/// <summary>
/// Looks at an injected pod and the Services of today: a Service that came (or changed) after the pod may target a port
/// that the sidecar did not take. Pure; what it finds belongs into the policy's status.
/// </summary>
public static class CaptureAudit
{
    /// <summary>Service ports that reach the pod's application directly.</summary>
    public static IReadOnlyList<UncapturedPort> Uncaptured(
        CapturedPod pod, IReadOnlyDictionary<string, string> labels, IEnumerable<ServiceView> services)
    {
        var found = new List<UncapturedPort>();
        foreach (var service in services)
        {
            if (!service.Selects(labels)) continue;
            foreach (var target in service.Targets)
            {
                var number = target.PortName is { } name
                    ? pod.Declared.FirstOrDefault(port => port.Name == name).Number
                    : target.PortNumber;
                if (number > 0 && !pod.Listening.Contains(number) && !pod.Redirected.Contains(number))
                    found.Add(new(service.Name, number));
            }
        }
        return found;
    }
}
