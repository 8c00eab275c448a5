using System.Globalization;
using System.Text.Json.Nodes;

namespace WafOperator.Injection;

/// <summary>One probe or hook that asks a port of the pod, and where it stands.</summary>
internal sealed record ProbeHandler(RunningContainer Owner, JsonObject Handler, string[] Path)
{
    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    private static readonly string[] Hooks = ["postStart", "preStop"];
    private static readonly string[] Kinds = ["httpGet", "tcpSocket", "grpc"];

    /// <summary>The kubelet asks with TLS, so the port speaks it.</summary>
    public bool IsHttps => PodView.Text(Handler, "scheme") == "HTTPS";

    /// <summary>The port's number; a name is one of the same container's.</summary>
    public int? Number(IReadOnlyList<DeclaredPort> declared) => PodView.Number(Handler, "port")
        ?? (PodView.Text(Handler, "port") is { } name
            ? declared.FirstOrDefault(port => port.Owner.IsAt(Owner) && port.Name == name)?.Number : null);

    /// <summary>Those of one container.</summary>
    public static IEnumerable<ProbeHandler> Of(RunningContainer container)
    {
        foreach (var probe in Probes)
            foreach (var handler in In(container, container.Json[probe], [probe])) yield return handler;
        if (container.Json["lifecycle"] is not JsonObject lifecycle) yield break;
        foreach (var hook in Hooks)
            foreach (var handler in In(container, lifecycle[hook], ["lifecycle", hook])) yield return handler;
    }

    private static IEnumerable<ProbeHandler> In(RunningContainer container, JsonNode? outer, string[] path)
    {
        foreach (var kind in Kinds)
            if (outer is JsonObject && outer[kind] is JsonObject handler)
                yield return new(container, handler, [.. container.Path, .. path, kind]);
    }
}

/// <summary>A container that runs beside the others: an ordinary one, or a native sidecar.</summary>
internal sealed record RunningContainer(string List, int Index, JsonObject Json)
{
    public string[] Path => ["spec", List, Index.ToString(CultureInfo.InvariantCulture)];

    public string Name => PodView.Text(Json, "name") ?? "";

    public bool IsAt(RunningContainer other) => Index == other.Index && List == other.List;
}
