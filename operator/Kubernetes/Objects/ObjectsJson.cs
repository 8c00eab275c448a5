using System.Text.Json.Serialization;

namespace WafOperator.Kubernetes.Objects;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(Condition))]
[JsonSerializable(typeof(List<Condition>))]
internal sealed partial class ObjectsJson : JsonSerializerContext;
