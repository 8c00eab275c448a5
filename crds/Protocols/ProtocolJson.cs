using System.Text.Json;
using System.Text.Json.Serialization;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Protocols;

/// <summary>JSON of everything that programs say to each other.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.General,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(PolicyDocument))]
[JsonSerializable(typeof(SecurityEvent))]
[JsonSerializable(typeof(SidecarStatus))]
[JsonSerializable(typeof(ModelManifest))]
public sealed partial class ProtocolJson : JsonSerializerContext;
