using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>
/// Patches that add or remove one finalizer. Each is guarded by the resource version it was made for, so that two
/// writers cannot undo one another: a conflict means read again. Pure.
/// </summary>
public static class Finalizers
{
    /// <summary>The patch, or null when the finalizer is there already or the object is on its way out.</summary>
    public static Patch? Add(ObjectMeta metadata, string finalizer)
    {
        if (metadata.Finalizers.Contains(finalizer) || metadata.IsBeingDeleted) return null;
        return Set(metadata, metadata.Finalizers.Append(finalizer));
    }

    /// <summary>The patch, or null when the finalizer is not there.</summary>
    public static Patch? Remove(ObjectMeta metadata, string finalizer) => metadata.Finalizers.Contains(finalizer)
        ? Set(metadata, metadata.Finalizers.Where(f => f != finalizer))
        : null;

    private static Patch Set(ObjectMeta metadata, IEnumerable<string> finalizers) => Patch.Merge(new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            // In a merge patch a resource version is a precondition: the server answers 409 when it differs.
            ["resourceVersion"] = metadata.ResourceVersion,
            ["finalizers"] = new JsonArray([.. finalizers.Select(f => JsonValue.Create(f))]),
        },
    });
}
