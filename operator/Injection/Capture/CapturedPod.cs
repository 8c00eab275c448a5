using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>
/// The ports of an injected pod, read back from the pod itself: what the sidecar listens on, what is redirected to it,
/// and what the containers declare. Immutable.
/// </summary>
public sealed record CapturedPod
{
    /// <summary>What the sidecar listens on and for which port of the application, by name.</summary>
    public ImmutableArray<(string Name, int Listen, int Application)> Listeners { get; init; } = [];

    /// <summary>Ports the sidecar takes connections on.</summary>
    public required ImmutableSortedSet<int> Listening { get; init; }

    /// <summary>The application's ports that the init container redirects to the sidecar.</summary>
    public required ImmutableSortedSet<int> Redirected { get; init; }

    /// <summary>The application's ports behind the sidecar.</summary>
    public required ImmutableSortedSet<int> Protected { get; init; }

    /// <summary>Declared TCP ports, with the names that Services target.</summary>
    public required ImmutableArray<(string? Name, int Number)> Declared { get; init; }

    /// <summary>Ports of a mesh's containers, which are left alone.</summary>
    public ImmutableSortedSet<int> MeshPorts { get; init; } = [];

    /// <summary>Ports that the kubelet asks with TLS.</summary>
    public ImmutableSortedSet<int> ProbedWithTls { get; init; } = [];

    /// <summary>The pod names the ports to protect, so that what it leaves out needs no finding.</summary>
    public bool NamesPorts { get; init; }

    /// <summary>
    /// Ports that peers may reach without a way around the sidecar: all declared ones and the sidecar's, but not what
    /// it protects; a redirected port stays open, since whoever connects to it reaches the sidecar.
    /// </summary>
    public ImmutableSortedSet<int> OpenPorts =>
        Declared.Select(port => port.Number).ToImmutableSortedSet().Except(Protected)
            .Union(Listening).Union(Redirected);

    /// <summary>A label value that pods with the same open ports share: 16 hexadecimal digits.</summary>
    public string OpenPortsLabel => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.ASCII.GetBytes(string.Join(',', OpenPorts))))[..16];

    /// <summary>Reads a pod as the API server serves it; null for one without a sidecar.</summary>
    public static CapturedPod? Read(JsonElement pod) =>
        pod.ValueKind == JsonValueKind.Object ? Read(JsonObject.Create(pod)!) : null;

    /// <summary>Reads a pod; null for one without a sidecar.</summary>
    public static CapturedPod? Read(JsonObject pod)
    {
        var view = new PodView(pod);
        var sidecar = view.Containers.Concat(view.InitContainers)
            .FirstOrDefault(container => PodView.Text(container, "name") == WellKnown.SidecarContainer);
        if (sidecar is null) return null;
        var variable = PodView.Objects(sidecar["env"])
            .FirstOrDefault(entry => PodView.Text(entry, "name") == "WAF_LISTENERS");
        var listeners = ListenersOf(PodView.Text(variable, "value") ?? "").ToImmutableArray();
        return new()
        {
            Listeners = listeners,
            Listening = [.. listeners.Select(listener => listener.Listen)],
            Protected = [.. listeners.Select(listener => listener.Application)],
            Redirected = Redirects(view),
            Declared = [.. view.TcpPorts().Select(port => (port.Name, port.Number))],
            MeshPorts = [.. PortsOfMeshes(view)],
            ProbedWithTls = [.. view.HttpsProbes()],
            NamesPorts = view.Annotations.ContainsKey(WellKnown.PortsAnnotation),
        };
    }

    /// <summary><c>name=listen:application</c>, separated by commas; what is none of these is left out.</summary>
    private static IEnumerable<(string Name, int Listen, int Application)> ListenersOf(string text)
    {
        foreach (var entry in text.Split(','))
        {
            var (equals, colon) = (entry.IndexOf('=', StringComparison.Ordinal), entry.LastIndexOf(':'));
            if (equals < 0 || colon < equals) continue;
            var (listen, application) = (Number(entry[(equals + 1)..colon]), Number(entry[(colon + 1)..]));
            if (listen > 0 && application > 0) yield return (entry[..equals], listen, application);
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static IEnumerable<int> PortsOfMeshes(PodView pod)
    {
        var meshes = Meshes.In(pod);
        return pod.TcpPorts().Where(port => meshes.Any(mesh => mesh.IsAt(port.Owner))).Select(port => port.Number);
    }

    /// <summary>From the arguments of the init container: <c>application=listen</c>, one each.</summary>
    private static ImmutableSortedSet<int> Redirects(PodView pod)
    {
        var init = pod.InitContainers
            .FirstOrDefault(container => PodView.Text(container, "name") == WellKnown.InitContainer);
        return Numbers((init?["args"] as JsonArray ?? []).OfType<JsonValue>()
            .Select(argument => argument.TryGetValue<string>(out var text) ? text.Split('=')[0] : ""));
    }

    private static ImmutableSortedSet<int> Numbers(IEnumerable<string> texts) =>
    [
        .. texts.Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : 0).Where(number => number > 0),
    ];
}
