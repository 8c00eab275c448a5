using System.Text.Json.Nodes;

namespace WafOperator.Resources.Schema;

/// <summary>Writes a kind's CustomResourceDefinition (apiextensions.k8s.io/v1) from its schema.</summary>
public static class CrdWriter
{
    /// <summary>The manifest as YAML.</summary>
    public static string WriteYaml(ResourceDefinition definition) =>
        "# Generated from the C# types in crds/Resources. Do not edit: change the type, then run the tests with "
        + "UPDATE_GOLDEN=1.\n"
        + YamlText.Write(Write(definition));

    /// <summary>The manifest as JSON, as it is sent to an API server.</summary>
    public static JsonObject Write(ResourceDefinition definition) => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "CustomResourceDefinition",
        ["metadata"] = new JsonObject { ["name"] = $"{definition.Names.Plural}.{ApiGroup.Name}" },
        ["spec"] = new JsonObject
        {
            ["group"] = ApiGroup.Name,
            ["names"] = new JsonObject
            {
                ["kind"] = definition.Kind,
                ["listKind"] = definition.Kind + "List",
                ["plural"] = definition.Names.Plural,
                ["singular"] = definition.Kind.ToLowerInvariant(),
                ["shortNames"] = ArrayOf(definition.Names.ShortNames),
                ["categories"] = ArrayOf(["wafoperator"]),
            },
            ["scope"] = "Namespaced",
            ["versions"] = new JsonArray(Version(definition)),
        },
    };

    private static JsonObject Version(ResourceDefinition definition) => new()
    {
        ["name"] = ApiGroup.Version,
        ["served"] = true,
        ["storage"] = true,
        ["additionalPrinterColumns"] = new JsonArray([.. definition.Columns.Select(Column)]),
        ["subresources"] = Subresources(definition.Names),
        ["schema"] = new JsonObject { ["openAPIV3Schema"] = SchemaOf(definition.Schema) },
    };

    private static JsonObject Column(PrinterColumnAttribute column)
    {
        var result = new JsonObject { ["name"] = column.Name, ["type"] = column.Type, ["jsonPath"] = column.JsonPath };
        if (column.Priority > 0) result["priority"] = column.Priority;
        return result;
    }

    private static JsonObject Subresources(ResourceAttribute names)
    {
        var result = new JsonObject { ["status"] = new JsonObject() };
        if (names.Scale is [var spec, var status, var selector])
        {
            result["scale"] = new JsonObject
            {
                ["specReplicasPath"] = spec,
                ["statusReplicasPath"] = status,
                ["labelSelectorPath"] = selector,
            };
        }
        return result;
    }

    private static JsonObject SchemaOf(SchemaNode node)
    {
        var result = new JsonObject();
        if (node.Description is { } description) result["description"] = description;
        switch (node.Type)
        {
            case SchemaType.Object: AddObject(result, node); break;
            case SchemaType.Map: AddMap(result, node); break;
            case SchemaType.Array: AddArray(result, node); break;
            case SchemaType.String: AddString(result, node); break;
            case SchemaType.Enum:
                result["type"] = "string";
                result["enum"] = ArrayOf(node.EnumValues);
                break;
            case SchemaType.Integer: AddInteger(result, node); break;
            case SchemaType.Boolean: result["type"] = "boolean"; break;
            case SchemaType.DateTime:
                result["type"] = "string";
                result["format"] = "date-time";
                break;
            default: result["type"] = "object"; break;
        }
        if (node.Default is { } value) result["default"] = value.DeepClone();
        if (node.Rules.Count > 0) result["x-kubernetes-validations"] = new JsonArray([.. node.Rules.Select(Rule)]);
        return result;
    }

    private static JsonObject Rule(SchemaRule rule) => new() { ["rule"] = rule.Expression, ["message"] = rule.Message };

    private static void AddObject(JsonObject result, SchemaNode node)
    {
        result["type"] = "object";
        if (node.Required.Count > 0) result["required"] = ArrayOf(node.Required);
        var properties = new JsonObject();
        foreach (var (name, property) in node.Properties) properties[name] = SchemaOf(property);
        result["properties"] = properties;
    }

    private static void AddMap(JsonObject result, SchemaNode node)
    {
        result["type"] = "object";
        if (node.ItemsMax is { } most) result["maxProperties"] = most;
        result["additionalProperties"] = SchemaOf(node.Items!);
    }

    private static void AddArray(JsonObject result, SchemaNode node)
    {
        result["type"] = "array";
        if (node.ItemsMin > 0) result["minItems"] = node.ItemsMin;
        if (node.ItemsMax is { } most) result["maxItems"] = most;
        result["x-kubernetes-list-type"] = node.MapKeys.Count > 0 ? "map" : "atomic";
        if (node.MapKeys.Count > 0) result["x-kubernetes-list-map-keys"] = ArrayOf(node.MapKeys);
        result["items"] = SchemaOf(node.Items!);
    }

    private static void AddString(JsonObject result, SchemaNode node)
    {
        result["type"] = "string";
        if (node.LengthMin > 0) result["minLength"] = node.LengthMin;
        if (node.LengthMax is { } most) result["maxLength"] = most;
        if (node.Pattern is { } pattern) result["pattern"] = pattern;
    }

    private static void AddInteger(JsonObject result, SchemaNode node)
    {
        result["type"] = "integer";
        result["format"] = node.IntegerBits == 32 ? "int32" : "int64";
        if (node.Minimum is { } minimum) result["minimum"] = minimum;
        // The largest value of the format is the format's own bound; as a float it would not survive a round trip.
        if (node.Maximum is { } maximum and < int.MaxValue) result["maximum"] = maximum;
    }

    private static JsonArray ArrayOf(IEnumerable<string> values) =>
        new([.. values.Select(value => (JsonNode?)JsonValue.Create(value))]);
}
