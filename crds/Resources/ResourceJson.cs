using System.Text.Json;
using System.Text.Json.Serialization;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;

namespace WafOperator.Resources;

/// <summary>JSON of the kinds as the API server speaks it: camel case, enums by name, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(WafPolicy))]
[JsonSerializable(typeof(WafExclusion))]
[JsonSerializable(typeof(ModelVersion))]
[JsonSerializable(typeof(InferencePool))]
public sealed partial class ResourceJson : JsonSerializerContext;
