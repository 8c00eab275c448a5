using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Protocols;

/// <summary>
/// JSON of everything that programs say to each other: camel case, enums by name, absent instead of null. A field that is
/// absent (or null) keeps the default its type declares; unknown fields are ignored. Thread-safe.
/// </summary>
/// <remarks>
/// Not a source-generated context: the generator of .NET 10 assigns every init-only property, so that a field absent from the
/// JSON loses its initializer (an absent <c>mode</c> read as <c>Off</c>). See crds/Resources/decisions/2026-11-22-json-defaults.md.
/// </remarks>
public sealed class ProtocolJson : IJsonTypeInfoResolver
{
    private readonly DefaultJsonTypeInfoResolver _resolver = new() { Modifiers = { KeepDefaultsForNulls } };

    private ProtocolJson()
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
    public static ProtocolJson Default { get; } = new();

    /// <summary>The options, read-only; for types that hold several of ours.</summary>
    public JsonSerializerOptions Options { get; }

    public JsonTypeInfo<PolicyDocument> PolicyDocument => Of<PolicyDocument>();
    public JsonTypeInfo<SecurityEvent> SecurityEvent => Of<SecurityEvent>();
    public JsonTypeInfo<SidecarStatus> SidecarStatus => Of<SidecarStatus>();
    public JsonTypeInfo<ModelManifest> ModelManifest => Of<ModelManifest>();
    public JsonTypeInfo<PoolDocument> PoolDocument => Of<PoolDocument>();

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
