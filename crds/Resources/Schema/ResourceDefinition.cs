using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Resources.Schema;

/// <summary>One kind: its names in the API, its columns, its schema and its C# type. Immutable.</summary>
public sealed class ResourceDefinition
{
    private ResourceDefinition(Type type)
    {
        Type = type;
        Names = type.GetCustomAttribute<ResourceAttribute>()
            ?? throw new ArgumentException($"{type.Name} has no [Resource]", nameof(type));
        Columns = [.. type.GetCustomAttributes<PrinterColumnAttribute>()];
        Schema = SchemaReader.Read(type);
    }

    /// <summary>All kinds of the group, in the order of their names.</summary>
    public static IReadOnlyList<ResourceDefinition> All { get; } =
    [
        new(typeof(ApiSchema)), new(typeof(InferencePool)), new(typeof(ModelVersion)), new(typeof(WafExclusion)),
        new(typeof(WafPolicy)), new(typeof(WafSink)),
    ];

    public Type Type { get; }
    public ResourceAttribute Names { get; }
    public string Kind => Names.Kind;
    public IReadOnlyList<PrinterColumnAttribute> Columns { get; }

    /// <summary>Schema of the whole object: apiVersion, kind, metadata, spec, status.</summary>
    public SchemaNode Schema { get; }

    /// <summary>The definition of a kind, or null when the group has none of that name.</summary>
    public static ResourceDefinition? Find(string? kind)
    {
        foreach (var definition in All)
            if (definition.Kind == kind) return definition;
        return null;
    }

    /// <summary>
    /// Reads the typed object. Throws <see cref="JsonException"/> where the JSON does not fit; validate first.
    /// </summary>
    public ICustomResource Read(JsonObject raw) =>
        (ICustomResource)raw.Deserialize(ResourceJson.Default.Options.GetTypeInfo(Type))!;
}
