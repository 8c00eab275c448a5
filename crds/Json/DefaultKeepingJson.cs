using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace WafOperator.Json;

/// <summary>
/// JSON as Kubernetes speaks it: camel case, enums by name, absent instead of null. A field that is absent (or null)
/// keeps the default its type declares; unknown fields are ignored.
/// </summary>
/// <remarks>
/// Not a source-generated context: the generator of .NET 10 assigns every init-only property, so that a field absent
/// from the JSON loses its initializer (an absent <c>mode</c> read as <c>Off</c>). See
/// crds/Resources/decisions/2026-11-22-json-defaults.md.
/// </remarks>
public static class DefaultKeepingJson
{
    /// <summary>Read-only options. Thread-safe.</summary>
    public static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.General)
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepDefaultsForNulls } },
            Converters = { new JsonStringEnumConverter() },
        };
        options.MakeReadOnly();
        return options;
    }

    private static void KeepDefaultsForNulls(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        foreach (var property in type.Properties)
        {
            if (property.Set is not { } set || property.PropertyType.IsValueType) continue;
            property.Set = (target, value) =>
            {
                if (value is not null) set(target, value);
            };
        }
    }
}
