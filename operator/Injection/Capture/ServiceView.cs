using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WafOperator.Injection.Capture;

/// <summary>Where a Service port sends connections: a port's name, or its number.</summary>
public sealed record ServiceTarget(string? PortName, int PortNumber)
{
    /// <summary>What the Service says about the protocol.</summary>
    public PortProtocol Protocol { get; init; }

    /// <summary>Where it says so, for messages: <c>appProtocol tcp</c>.</summary>
    public string Statement { get; init; } = "";
}

/// <summary>
/// The part of a Service that capture rests on: whom it selects and which TCP ports it targets. Immutable.
/// </summary>
public sealed record ServiceView
{
    public required string Name { get; init; }
    public required IReadOnlyDictionary<string, string> Selector { get; init; }

    /// <summary>Clients connect to pods directly; names are resolved by them, not by the cluster.</summary>
    public bool IsHeadless { get; init; }
    public IReadOnlyList<ServiceTarget> Targets { get; init; } = [];

    /// <summary>True when a pod with these labels is behind the Service.</summary>
    public bool Selects(IReadOnlyDictionary<string, string> labels)
    {
        if (Selector.Count == 0) return false;
        foreach (var (key, value) in Selector)
            if (!labels.TryGetValue(key, out var label) || label != value) return false;
        return true;
    }

    /// <summary>Reads a Service as the API server serves it; what is absent or odd is left out.</summary>
    public static ServiceView From(JsonElement service)
    {
        var spec = Member(service, "spec");
        var selector = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Member(spec, "selector") is { ValueKind: JsonValueKind.Object } pairs)
            foreach (var pair in pairs.EnumerateObject()) selector[pair.Name] = pair.Value.ToString();
        var targets = new List<ServiceTarget>();
        if (Member(spec, "ports") is { ValueKind: JsonValueKind.Array } ports)
            foreach (var port in ports.EnumerateArray())
                if (TargetOf(port) is { } target) targets.Add(WithProtocol(target, port));
        return new()
        {
            Name = Member(Member(service, "metadata"), "name") is { ValueKind: JsonValueKind.String } name
                ? name.GetString()! : "",
            Selector = selector,
            IsHeadless = Member(spec, "clusterIP") is { ValueKind: JsonValueKind.String } ip
                && ip.GetString() == "None",
            Targets = targets,
        };
    }

    /// <summary>Reads a Service from a tree.</summary>
    public static ServiceView From(JsonObject service) => From(JsonSerializer.SerializeToElement((JsonNode)service));

    private static ServiceTarget? TargetOf(JsonElement port)
    {
        if (Member(port, "protocol") is { ValueKind: JsonValueKind.String } protocol && protocol.GetString() != "TCP")
            return null;
        var target = Member(port, "targetPort") ?? Member(port, "port");
        return target switch
        {
            { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var value) && value > 0 =>
                new(null, value),
            { ValueKind: JsonValueKind.String } name =>
                int.TryParse(name.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? new(null, value)
                : new(name.GetString(), 0),
            _ => Member(port, "port") is { ValueKind: JsonValueKind.Number } own && own.TryGetInt32(out var value)
                ? new(null, value) : null,
        };
    }

    private static ServiceTarget WithProtocol(ServiceTarget target, JsonElement port)
    {
        var (protocol, statement) = Member(port, "appProtocol") is { ValueKind: JsonValueKind.String } stated
            && stated.GetString() is { Length: > 0 } word
            ? (PortProtocols.OfAppProtocol(word), $"appProtocol {word}")
            : Member(port, "name") is { ValueKind: JsonValueKind.String } name
                ? (PortProtocols.OfName(name.GetString()), $"port name {name.GetString()}")
                : (PortProtocol.Unknown, "");
        return target with { Protocol = protocol, Statement = statement };
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty(name, out var member) ? member
        : null;
}
