using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using WafOperator.Json;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Resources;

/// <summary>JSON of the kinds as the API server speaks it, see <see cref="DefaultKeepingJson"/>. Thread-safe.</summary>
public sealed class ResourceJson
{
    private ResourceJson()
    {
    }

    /// <summary>The one instance.</summary>
    public static ResourceJson Default { get; } = new();

    /// <summary>The options, read-only; for types that hold resources (lists, watch events).</summary>
    public JsonSerializerOptions Options { get; } = DefaultKeepingJson.CreateOptions();

    public JsonTypeInfo<WafPolicy> WafPolicy => Of<WafPolicy>();
    public JsonTypeInfo<WafExclusion> WafExclusion => Of<WafExclusion>();
    public JsonTypeInfo<ModelVersion> ModelVersion => Of<ModelVersion>();
    public JsonTypeInfo<ApiSchema> ApiSchema => Of<ApiSchema>();
    public JsonTypeInfo<WafSink> WafSink => Of<WafSink>();
    public JsonTypeInfo<InferencePool> InferencePool => Of<InferencePool>();

    /// <summary>Type information of any of our types.</summary>
    public JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}
