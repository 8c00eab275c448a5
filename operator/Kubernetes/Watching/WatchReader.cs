using System.Text.Json;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Watching;

/// <summary>Reads one event of a watch. Pure.</summary>
internal static class WatchReader
{
    /// <summary>
    /// The event in a line. Throws <see cref="KubernetesApiException"/> for an event that ends the watch (410 among
    /// them) and <see cref="JsonException"/> for bytes that are not an event; null for a type this program is too old
    /// for.
    /// </summary>
    public static WatchEvent<TObject>? Read<TObject>(
        ResourceType<TObject> type, ApiTarget target, ReadOnlyMemory<byte> line)
        where TObject : class, IKubernetesObject
    {
        using var document = JsonBytes.Parse(line);
        var root = document.RootElement;
        var kind = root.Text("type");
        if (root.At("object") is not { ValueKind: JsonValueKind.Object } body)
            throw new JsonException("an event without an object");
        switch (kind)
        {
            case "ADDED" or "MODIFIED":
                return ReadObject(type, body, isDeleted: false);
            case "DELETED":
                return ReadObject(type, body, isDeleted: true);
            case "BOOKMARK":
                var version = body.Text("metadata", "resourceVersion")
                    ?? throw new JsonException("a bookmark without a resource version");
                return new WatchEvent<TObject>.Bookmark(version);
            case "ERROR":
                throw new KubernetesApiException(target, ApiStatus.Read(body, 500));
            default:
                return null;
        }
    }

    private static WatchEvent<TObject> ReadObject<TObject>(
        ResourceType<TObject> type, JsonElement body, bool isDeleted)
        where TObject : class, IKubernetesObject
    {
        var json = KubernetesObject.Compact(body, type);
        try
        {
            var value = type.Read(json);
            return isDeleted ? new WatchEvent<TObject>.Deleted(value) : new WatchEvent<TObject>.Changed(value);
        }
        catch (JsonException e)
        {
            return new WatchEvent<TObject>.Unreadable(json.Metadata, e.Message, isDeleted);
        }
    }
}
