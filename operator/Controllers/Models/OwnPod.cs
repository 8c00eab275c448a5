using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Tells pods of a Job that the operator made from others that carry its labels: what a foreign pod says must not
/// promote a model. Anybody who may create pods may also set an owner, so the pod itself is compared with what the
/// operator asks for: image, arguments, environment, mounts. Pure.
/// </summary>
public static class OwnPod
{
    /// <summary>What the API server and admission add to every pod, and what cannot change what the container runs.</summary>
    private static readonly FrozenSet<string> Added = new[]
    {
        "nodeName", "tolerations", "priority", "priorityClassName", "preemptionPolicy", "serviceAccountName",
        "serviceAccount", "enableServiceLinks", "schedulerName", "dnsPolicy", "terminationGracePeriodSeconds",
        "imagePullSecrets", "nodeSelector", "affinity", "overhead", "runtimeClassName",
        "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "defaultMode",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Why a pod is not the Job's own as it was made; null when it is.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="jobUid">Uid of the Job.</param>
    /// <param name="job">The Job as the operator asks for it.</param>
    public static string? Difference(KubernetesObject pod, string jobUid, JsonObject job)
    {
        if (pod.Metadata.Controller is not { Kind: "Job" } owner || owner.Uid != jobUid)
            return "it does not belong to the Job";
        var template = job["spec"]!["template"]!["spec"]!;
        return pod.At("spec") is { } spec ? Difference(template, spec, "spec") : "it has no spec";
    }

    private static string? Difference(JsonNode? wanted, JsonElement found, string path) => wanted switch
    {
        JsonObject fields when found.ValueKind is JsonValueKind.Object => OfFields(fields, found, path),
        JsonArray items when found.ValueKind is JsonValueKind.Array => OfItems(items, found, path),
        JsonValue value when JsonNode.DeepEquals(value, JsonValue.Create(found)) => null,
        _ => $"{path} is not as the operator made it",
    };

    private static string? OfFields(JsonObject wanted, JsonElement found, string path)
    {
        foreach (var (name, value) in wanted)
        {
            if (!found.TryGetProperty(name, out var there)) return $"{path}.{name} is gone";
            if (Difference(value, there, $"{path}.{name}") is { } difference) return difference;
        }

        foreach (var field in found.EnumerateObject())
        {
            if (!wanted.ContainsKey(field.Name) && !Added.Contains(field.Name)) return $"{path}.{field.Name} was added";
        }

        return null;
    }

    private static string? OfItems(JsonArray wanted, JsonElement found, string path)
    {
        if (found.GetArrayLength() != wanted.Count) return $"{path} has other entries";
        for (var i = 0; i < wanted.Count; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (Difference(wanted[i], found[i], at) is { } difference) return difference;
        }

        return null;
    }
}
