using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using WafOperator.Json;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Protocols;

/// <summary>
/// JSON of everything that programs say to each other, see <see cref="DefaultKeepingJson"/>. Thread-safe.
/// </summary>
public sealed class ProtocolJson
{
    private ProtocolJson()
    {
    }

    /// <summary>The one instance.</summary>
    public static ProtocolJson Default { get; } = new();

    /// <summary>The options, read-only; for types that hold several of ours.</summary>
    public JsonSerializerOptions Options { get; } = DefaultKeepingJson.CreateOptions();

    public JsonTypeInfo<PolicyDocument> PolicyDocument => Of<PolicyDocument>();
    public JsonTypeInfo<SecurityEvent> SecurityEvent => Of<SecurityEvent>();
    public JsonTypeInfo<SidecarStatus> SidecarStatus => Of<SidecarStatus>();
    public JsonTypeInfo<ModelManifest> ModelManifest => Of<ModelManifest>();
    public JsonTypeInfo<ReplicaDocument> ReplicaDocument => Of<ReplicaDocument>();
    public JsonTypeInfo<PoolDocument> PoolDocument => Of<PoolDocument>();

    /// <summary>Type information of any of our types.</summary>
    public JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}
