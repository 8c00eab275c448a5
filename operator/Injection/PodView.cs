using System.Text.Json;
using System.Text.Json.Nodes;

namespace WafOperator.Injection;

/// <summary>One declared TCP port of a container that runs, and where it stands in the pod.</summary>
internal sealed record DeclaredPort(RunningContainer Owner, int Index, string? Name, int Number);

/// <summary>Reads of a pod's JSON that tolerate anything a stranger may send. Never throws on odd shapes.</summary>
internal sealed class PodView(JsonObject pod)
{
    public JsonObject? Spec { get; } = pod["spec"] as JsonObject;

    private readonly JsonObject? _metadata = pod["metadata"] as JsonObject;

    public IReadOnlyDictionary<string, string> Annotations => field ??= Strings(_metadata?["annotations"]);

    public IReadOnlyDictionary<string, string> Labels => field ??= Strings(_metadata?["labels"]);

    public IReadOnlyList<JsonObject> Containers => Objects(Spec?["containers"]);

    public IReadOnlyList<JsonObject> InitContainers => Objects(Spec?["initContainers"]);

    public bool IsHostNetwork => Flag(Spec, "hostNetwork");

    /// <summary>Its containers see each other's processes, or those of the whole node.</summary>
    public bool SharesProcesses => Flag(Spec, "shareProcessNamespace") || Flag(Spec, "hostPID");

    /// <summary>The pod's own file of hosts has that name, in any spelling.</summary>
    public bool HasHostAlias(string host) => Objects(Spec?["hostAliases"])
        .SelectMany(alias => alias["hostnames"] as JsonArray ?? []).OfType<JsonValue>()
        .Any(name => name.TryGetValue<string>(out var text)
            && text.TrimEnd('.').Equals(host.TrimEnd('.'), StringComparison.OrdinalIgnoreCase));

    /// <summary>The pod says so, or nodes of another system are ruled out.</summary>
    public bool IsWindows => Text(Spec?["os"], "name") is { } system ? system == "windows" : WindowsNodes.Only(Spec);

    public bool IsOwnedByJob => Objects(_metadata?["ownerReferences"])
        .Any(owner => Text(owner, "kind") == "Job" && (Text(owner, "apiVersion") ?? "")
            .StartsWith("batch/", StringComparison.Ordinal));

    /// <summary>A pod that ends: its containers are not restarted when they succeed.</summary>
    public bool Completes => IsOwnedByJob || Text(Spec, "restartPolicy") is "Never" or "OnFailure";

    /// <summary>
    /// The containers that serve, in the order in which Kubernetes looks for a port's name: the ordinary ones, then
    /// native sidecars (init containers that go on running).
    /// </summary>
    public IReadOnlyList<RunningContainer> Running() =>
    [
        .. Containers.Select((container, index) => new RunningContainer("containers", index, container)),
        .. InitContainers.Select((container, index) => new RunningContainer("initContainers", index, container))
            .Where(container => Text(container.Json, "restartPolicy") == "Always"),
    ];

    /// <summary>TCP ports of the containers that serve.</summary>
    public IReadOnlyList<DeclaredPort> TcpPorts()
    {
        var result = new List<DeclaredPort>();
        foreach (var container in Running())
        {
            var ports = Objects(container.Json["ports"]);
            for (var p = 0; p < ports.Count; p++)
            {
                if (Text(ports[p], "protocol") is not (null or "TCP")) continue;
                if (Number(ports[p], "containerPort") is { } number and >= 1 and <= 65535)
                    result.Add(new(container, p, Text(ports[p], "name"), number));
            }
        }
        return result;
    }

    /// <summary>Probes and hooks of the containers that serve.</summary>
    public IEnumerable<ProbeHandler> Handlers() => Running().SelectMany(ProbeHandler.Of);

    /// <summary>Ports that the kubelet asks with TLS.</summary>
    public HashSet<int> HttpsProbes()
    {
        var declared = TcpPorts();
        return [.. Handlers().Where(handler => handler.IsHttps).Select(handler => handler.Number(declared))
            .OfType<int>()];
    }

    /// <summary>Every port number that a container says it uses, TCP or not, or that a probe asks.</summary>
    public HashSet<int> UsedNumbers() =>
    [
        .. Containers.Concat(InitContainers).SelectMany(container => Objects(container["ports"]))
            .Select(port => Number(port, "containerPort")).OfType<int>(),
        .. Handlers().Select(handler => Number(handler.Handler, "port")).OfType<int>(),
    ];

    /// <summary>User ids that the pod or its containers run as.</summary>
    public HashSet<long> UserIds() => [.. Containers.Concat(InitContainers).Append(Spec ?? [])
        .Select(part => Long(part["securityContext"], "runAsUser")).OfType<long>()];

    public bool HasVolume(string name) => Objects(Spec?["volumes"]).Any(volume => Text(volume, "name") == name);

    /// <summary>Containers for debugging, that were added to the running pod.</summary>
    public IReadOnlyList<JsonObject> EphemeralContainers => Objects(Spec?["ephemeralContainers"]);

    /// <summary>Whether any container mounts a volume of that name, but for one.</summary>
    public bool Mounts(string volume, JsonObject? except = null) => Containers.Concat(InitContainers)
        .Concat(EphemeralContainers).Where(container => !ReferenceEquals(container, except))
        .SelectMany(container => Objects(container["volumeMounts"])).Any(mount => Text(mount, "name") == volume);

    /// <summary>The objects of a list; anything else in it is an empty object, so that indexes stay right.</summary>
    public static IReadOnlyList<JsonObject> Objects(JsonNode? node) =>
        node is JsonArray items ? [.. items.Select(item => item as JsonObject ?? [])] : [];

    public static string? Text(JsonNode? node, string name) =>
        node is JsonObject && node[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static int? Number(JsonNode? node, string name) => Long(node, name) is { } value and >= int.MinValue
        and <= int.MaxValue ? (int)value : null;

    private static long? Long(JsonNode? node, string name) =>
        node is JsonObject && node[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && long.TryParse(value.ToJsonString(), out var number) ? number : null;

    public static bool Flag(JsonNode? node, string name) =>
        node is JsonObject && node[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static Dictionary<string, string> Strings(JsonNode? node)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        if (node is not JsonObject members) return result;
        foreach (var (name, value) in members)
            if (value is JsonValue text && text.TryGetValue<string>(out var content)) result[name] = content;
        return result;
    }
}
