using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>Reads the answer to a list. Pure.</summary>
internal static class ListReader
{
    public static ResourceList<TObject> Read<TObject>(ResourceType<TObject> type, ApiTarget target, byte[] body)
        where TObject : class, IKubernetesObject
    {
        try
        {
            using var document = JsonBytes.Parse(body);
            var root = document.RootElement;
            if (root.At("metadata") is null) throw new JsonException("the list has no metadata");
            var items = new List<TObject>();
            var unreadable = new List<UnreadableObject>();
            foreach (var item in root.Items("items")) Add(type, item, items, unreadable);
            return new ResourceList<TObject>(
                items,
                root.Text("metadata", "resourceVersion") ?? "",
                root.Text("metadata", "continue") is { Length: > 0 } next ? next : null,
                unreadable);
        }
        catch (JsonException e)
        {
            throw NotKubernetes(target, e);
        }
    }

    public static KubernetesUnreachableException NotKubernetes(ApiTarget target, Exception e) => new(
        target, $"cannot {target}: the answer is not Kubernetes ({e.Message}). Next: check the server's address", e);

    private static void Add<TObject>(
        ResourceType<TObject> type, JsonElement item, List<TObject> items, List<UnreadableObject> unreadable)
        where TObject : class, IKubernetesObject
    {
        var json = KubernetesObject.Compact(item, type);
        try
        {
            items.Add(type.Read(json));
        }
        catch (JsonException e)
        {
            unreadable.Add(new UnreadableObject(json.Metadata, e.Message));
        }
    }
}
