using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Resources;

/// <summary>
/// JSON of the kinds as the API server speaks it: camel case, enums by name, absent instead of null. A field that is
/// absent
/// (or null) keeps the default its type declares. Thread-safe.
/// </summary>
/// <remarks>
/// Not a source-generated context: the generator of .NET 10 assigns every init-only property, so that a field absent
/// from the JSON loses its initializer (an absent <c>mode</c> read as <c>Off</c>). See
/// decisions/2026-11-22-json-defaults.md.
/// </remarks>
public sealed class ResourceJson : IJsonTypeInfoResolver
{
    private readonly DefaultJsonTypeInfoResolver _resolver = new() { Modifiers = { KeepDefaultsForNulls } };

    private ResourceJson()
    {
        Options = new JsonSerializerOptions(JsonSerializerDefaults.General)
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = this,
            Converters = { new JsonStringEnumConverter() },
        };
        Options.MakeReadOnly();
    }

    /// <summary>The one instance.</summary>
    public static ResourceJson Default { get; } = new();

    /// <summary>The options, read-only; for types that hold resources (lists, watch events).</summary>
    public JsonSerializerOptions Options { get; }

    public JsonTypeInfo<WafPolicy> WafPolicy => Of<WafPolicy>();
    public JsonTypeInfo<WafExclusion> WafExclusion => Of<WafExclusion>();
    public JsonTypeInfo<ModelVersion> ModelVersion => Of<ModelVersion>();
    public JsonTypeInfo<InferencePool> InferencePool => Of<InferencePool>();

    /// <summary>Type information of any of our types.</summary>
    public JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) => _resolver.GetTypeInfo(type, options);

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
