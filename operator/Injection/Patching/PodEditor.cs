using System.Globalization;
using System.Text.Json.Nodes;

namespace WafOperator.Injection.Patching;

/// <summary>
/// Changes a private copy of a pod and writes each change down as an RFC 6902 operation, so that the patch and its
/// result cannot differ. Paths are given as segments. Not thread-safe.
/// </summary>
internal sealed class PodEditor
{
    public PodEditor(JsonObject pod) => Pod = (JsonObject)pod.DeepClone();

    /// <summary>The pod with all changes so far.</summary>
    public JsonObject Pod { get; }

    public JsonArray Patch { get; } = [];

    /// <summary>
    /// Sets a member of an object, <c>add</c> or <c>replace</c>; objects on the way that are not there are made: a pod
    /// without annotations has no map of them either.
    /// </summary>
    public void Set(JsonNode value, params ReadOnlySpan<string> path)
    {
        if (path.Length > 1 && Walk(path[..^1]) is null) Set(new JsonObject(), path[..^1]);
        var parent = Walk(path[..^1]) as JsonObject
            ?? throw new InvalidOperationException($"no object at {Pointer(path[..^1])}");
        var operation = parent.ContainsKey(path[^1]) ? "replace" : "add";
        parent[path[^1]] = value.DeepClone();
        Record(operation, value, path);
    }

    /// <summary>Inserts into a list that exists; <paramref name="index"/> -1 appends.</summary>
    public void Insert(JsonNode value, int index, params ReadOnlySpan<string> list)
    {
        var items = Walk(list) as JsonArray ?? throw new InvalidOperationException($"no list at {Pointer(list)}");
        var at = index < 0 ? items.Count : index;
        items.Insert(at, value.DeepClone());
        Record("add", value, [.. list, index < 0 ? "-" : at.ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>
    /// Makes sure that an object or list is there; what cannot be one (null, another type) is replaced.
    /// </summary>
    public void Ensure(JsonNode empty, params ReadOnlySpan<string> path)
    {
        if (Walk(path)?.GetType() != empty.GetType()) Set(empty, path);
    }

    /// <summary>RFC 6901 pointer of a path.</summary>
    private static string Pointer(ReadOnlySpan<string> path)
    {
        var pointer = "";
        foreach (var segment in path)
            pointer += "/" + segment.Replace("~", "~0", StringComparison.Ordinal)
                .Replace("/", "~1", StringComparison.Ordinal);
        return pointer;
    }

    private JsonNode? Walk(ReadOnlySpan<string> path)
    {
        JsonNode? node = Pod;
        foreach (var segment in path)
        {
            node = node switch
            {
                JsonObject members => members[segment],
                JsonArray items when int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture,
                    out var index) && index < items.Count => items[index],
                _ => null,
            };
        }
        return node;
    }

    private void Record(string operation, JsonNode value, ReadOnlySpan<string> path) => Patch.Add(new JsonObject
    {
        ["op"] = operation,
        ["path"] = Pointer(path),
        ["value"] = value.DeepClone(),
    });
}
