using System.Globalization;
using WafOperator.Injection.Annotations;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Chooses the ports to protect: those that Services target, else all that are declared; without those of a mesh, and
/// without those that say they do not carry HTTP (TLS does where the policy speaks it to the port); and those that the
/// annotation names in any case, since it adds and takes nothing away. What is left out is a note.
/// </summary>
internal sealed class PortChoice(
    PodView pod, PodOptions options, PolicyFloor floor, IReadOnlyList<ServiceView> behind)
{
    private readonly IReadOnlyList<DeclaredPort> _declared = pod.TcpPorts();
    private readonly HashSet<int> _probedWithTls = pod.HttpsProbes();
    private readonly IReadOnlyList<RunningContainer> _meshes = Meshes.In(pod);
    private readonly List<string> _notes = [];
    private bool _leavesOutTls;
    private bool _leavesOutOther;

    /// <summary>The numbers of the application, ascending; or the outcome that there are none.</summary>
    public SortedSet<int> Choose(List<string> notes, out CapturePlan? instead)
    {
        instead = null;
        var numbers = Asked(out instead);
        if (instead is not null) return numbers;
        var asked = numbers.ToHashSet();
        numbers.UnionWith(FromServices(asked));
        if (numbers.Count == 0) instead = Nothing();
        notes.AddRange(_notes);
        return numbers;
    }

    private CapturePlan Nothing()
    {
        if (_leavesOutTls)
            return new CapturePlan.Impossible(DenyReason.CaptureImpossible,
                $"no port is left to protect: {string.Join("; ", _notes)}");
        if (_leavesOutOther)
            return new CapturePlan.Nothing(SkipReason.NoHttpPorts, string.Join("; ", _notes));
        return new CapturePlan.Nothing(SkipReason.NoPorts,
            string.Join("; ", _notes.Prepend("no container declares a TCP port and no Service targets one")));
    }

    private SortedSet<int> Asked(out CapturePlan? problem)
    {
        problem = null;
        var numbers = new SortedSet<int>();
        foreach (var text in options.Ports)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
            else if (_declared.FirstOrDefault(port => port.Name == text) is { } declared) numbers.Add(declared.Number);
            else problem = new CapturePlan.Impossible(DenyReason.InvalidAnnotation,
                $"the annotation {WellKnown.PortsAnnotation} names the port {text}, "
                + "which no container declares for TCP");
        }
        return numbers;
    }

    private List<int> FromServices(HashSet<int> asked)
    {
        var targets = new SortedDictionary<int, List<(ServiceView Service, ServiceTarget Target)>>();
        foreach (var service in behind)
        {
            foreach (var target in service.Targets)
            {
                if (Resolve(target, _declared) is not { } number)
                {
                    _notes.Add($"Service {service.Name} targets the port {target.PortName}, which no container "
                        + "declares for TCP: nothing answers there");
                    continue;
                }
                if (!targets.TryGetValue(number, out var list)) targets[number] = list = [];
                list.Add((service, target));
            }
        }
        if (targets.Count == 0 && _declared.Count > 0) return FromDeclarations(asked);
        return [.. targets.Where(pair => !asked.Contains(pair.Key) && IsWanted(pair.Key, pair.Value))
            .Select(pair => pair.Key)];
    }

    private List<int> FromDeclarations(HashSet<int> asked)
    {
        _notes.Add(behind.Count == 0 ? "no Service selects the pod yet, so every declared TCP port is protected"
            : "no Service targets a TCP port that is declared, so every declared TCP port is protected");
        return [.. _declared.Select(port => port.Number).Distinct().Order()
            .Where(number => !asked.Contains(number) && IsWanted(number, []))];
    }

    private bool IsWanted(int number, List<(ServiceView Service, ServiceTarget Target)> targets)
    {
        if (_declared.FirstOrDefault(port => port.Number == number
            && _meshes.Any(mesh => mesh.IsAt(port.Owner))) is { } foreign)
        {
            if (targets.Count > 0) _notes.Add($"port {number} is the mesh's ({foreign.Owner.Name}) and is left alone");
            return false;
        }
        var names = _declared.Where(port => port.Number == number).Select(port => port.Name).ToList();
        var isTls = _probedWithTls.Contains(number);
        List<(ServiceView? Service, ServiceTarget? Target)> statements =
            targets.Count == 0 ? [(null, null)] : [.. targets];
        var protocols = statements.Select(said => PortProtocols.Of(said.Target, names, isTls)).ToList();
        if (!protocols.TrueForAll(PortProtocols.IsUnreadable)) return true;
        if (floor.SpeaksTls(number) && protocols.TrueForAll(protocol => protocol is PortProtocol.Tls))
        {
            _notes.Add($"clients of port {number} speak plain HTTP to the sidecar, which speaks TLS to the application "
                + "(spec.upstream.tls)");
            return true;
        }
        var (service, target) = statements[0];
        var statement = target is { Protocol: not PortProtocol.Unknown }
            ? $"{target.Statement} of Service {service!.Name}"
            : names.FirstOrDefault(name => PortProtocols.IsUnreadable(PortProtocols.OfName(name))) is { } name
                ? $"container port name {name}" : "its probe asks with HTTPS";
        LeaveOut(number, protocols.Contains(PortProtocol.Tls), statement);
        return false;
    }

    private void LeaveOut(int number, bool isTls, string statement)
    {
        if (isTls) _leavesOutTls = true;
        else _leavesOutOther = true;
        _notes.Add(isTls
            ? $"port {number} is not protected, because it speaks TLS ({statement}): end TLS before the pod (and see "
                + $"spec.upstream.tls), or name the port in {WellKnown.PortsAnnotation} if it is plain HTTP"
            : $"port {number} is not protected, because it does not speak HTTP ({statement}): name it in "
                + $"{WellKnown.PortsAnnotation} if it does");
    }

    /// <summary>The number that a target leads to in the pod, or null.</summary>
    public static int? Resolve(ServiceTarget target, IReadOnlyList<DeclaredPort> declared) => target.PortName is null
        ? target.PortNumber is >= 1 and <= 65535 ? target.PortNumber : null
        : declared.FirstOrDefault(port => port.Name == target.PortName)?.Number;
}
