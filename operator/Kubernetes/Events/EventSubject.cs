using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Events;

/// <summary>The object an event is about.</summary>
public sealed record EventSubject(string ApiVersion, string Kind, NamespacedName Key, string Uid)
{
    public static EventSubject Of(ResourceType type, ObjectMeta metadata) =>
        new(type.ApiVersion, type.Kind, metadata.Key, metadata.Uid);
}
