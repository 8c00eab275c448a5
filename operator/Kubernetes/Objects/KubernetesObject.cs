using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// One object exactly as served, with typed metadata. Immutable, so a cache can hand the same instance to everybody;
/// <see cref="ToNode"/> gives a private tree to change and send back, with every unknown field still in it.
/// </summary>
public sealed class KubernetesObject : IKubernetesObject
{
    private const string NotAnObject = "a Kubernetes object must be a JSON object";

    private KubernetesObject(JsonElement json, ObjectMeta metadata)
    {
        Json = json;
        Metadata = metadata;
    }

    /// <summary>The whole object.</summary>
    public JsonElement Json { get; }

    public ObjectMeta Metadata { get; }

    public NamespacedName Key => Metadata.Key;

    public string ApiVersion => Json.Text("apiVersion") ?? "";

    public string Kind => Json.Text("kind") ?? "";

    /// <summary>The value at a path of property names, or null when a step is missing or JSON null.</summary>
    public JsonElement? At(params ReadOnlySpan<string> path) => Json.At(path);

    /// <summary>The string at a path of property names, or null.</summary>
    public string? Text(params ReadOnlySpan<string> path) => Json.Text(path);

    /// <summary>
    /// The object as <typeparamref name="T"/>; throws <see cref="JsonException"/> when it does not fit.
    /// </summary>
    public T Read<T>(JsonTypeInfo<T> typeInfo) =>
        Json.Deserialize(typeInfo) ?? throw new JsonException("the object is JSON null");

    /// <summary>A private, changeable copy.</summary>
    public JsonObject ToNode() => JsonObject.Create(Json.Clone())!;

    /// <summary>Reads one object; throws <see cref="JsonException"/> when it is not a JSON object.</summary>
    public static KubernetesObject Parse(ReadOnlyMemory<byte> utf8Json)
    {
        // The caller may reuse its buffer; an object lives as long as a cache keeps it.
        using var document = JsonBytes.Parse(utf8Json);
        return From(document.RootElement.Clone());
    }

    /// <summary>Wraps an object built by the caller.</summary>
    public static KubernetesObject From(JsonObject node) => Parse(JsonBytes.Of(node));

    /// <summary>Wraps a parsed element; the caller guarantees that its document is never disposed.</summary>
    internal static KubernetesObject From(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new JsonException(NotAnObject);
        var metadata = element.At("metadata") is { } m ? m.Deserialize(ObjectsJson.Default.ObjectMeta) : null;
        return new KubernetesObject(element, metadata ?? new ObjectMeta());
    }

    /// <summary>
    /// A copy of <paramref name="element"/> that holds only its own bytes, without <c>metadata.managedFields</c>, and
    /// with apiVersion and kind, which items of a list lack.
    /// </summary>
    internal static KubernetesObject Compact(JsonElement element, ResourceType type)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new JsonException(NotAnObject);
        var buffer = new ArrayBufferWriter<byte>(1024);
        try
        {
            using var writer = new Utf8JsonWriter(buffer);
            writer.WriteStartObject();
            if (element.At("apiVersion") is null) writer.WriteString("apiVersion", type.ApiVersion);
            if (element.At("kind") is null) writer.WriteString("kind", type.Kind);
            foreach (var property in element.EnumerateObject()) WriteCompact(writer, property);
            writer.WriteEndObject();
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a string is not valid Unicode", e);
        }

        return From(JsonDocument.Parse(buffer.WrittenSpan.ToArray()).RootElement);
    }

    public override string ToString() => $"{Kind} {Key}";

    private static void WriteCompact(Utf8JsonWriter writer, JsonProperty property)
    {
        if (!property.NameEquals("metadata") || property.Value.ValueKind != JsonValueKind.Object)
        {
            property.WriteTo(writer);
            return;
        }

        writer.WriteStartObject("metadata");
        foreach (var field in property.Value.EnumerateObject())
        {
            if (!field.NameEquals("managedFields")) field.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
