using System.Text.Json.Nodes;

namespace WafOperator.Resources.Schema;

/// <summary>
/// Fills in defaults as the API server does: below every object that is there, and below defaults themselves.
/// </summary>
public static class SchemaDefaults
{
    /// <summary>Adds absent (or null) fields that have a default to <paramref name="node"/>, in place.</summary>
    public static void Apply(JsonNode? node, SchemaNode schema)
    {
        switch (node)
        {
            case JsonObject target when schema.Type == SchemaType.Object:
                foreach (var (name, property) in schema.Properties)
                {
                    if (target[name] is null && property.Default is { } value) target[name] = value.DeepClone();
                    Apply(target[name], property);
                }
                break;
            case JsonArray items when schema is { Type: SchemaType.Array, Items: { } item }:
                foreach (var entry in items) Apply(entry, item);
                break;
        }
    }
}
