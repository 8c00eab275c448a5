using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Digests that were rolled back, in a ConfigMap of each namespace: deleting a ModelVersion and applying it again does
/// not try the package again. To allow it, delete its key from the ConfigMap. Bounded: the oldest go first. Written by
/// the leader.
/// </summary>
public sealed class RejectedModels(KubernetesClient client, TimeProvider time)
{
    /// <summary>Name of the ConfigMap.</summary>
    public const string ConfigMapName = "waf-rejected-models";

    /// <summary>Most digests that are kept; the oldest go when another comes.</summary>
    public const int EntriesMax = 200;

    private const int MessageLengthMax = 500;

    /// <summary>What was written already by this process, by the version's uid.</summary>
    private readonly ConcurrentDictionary<string, bool> _written = new();

    /// <summary>When and why a digest was rolled back, or null when it was not.</summary>
    public async Task<string?> FindAsync(string ns, string digest, CancellationToken cancellationToken) =>
        (await client.TryGetAsync(BuiltIn.ConfigMaps, new NamespacedName(ns, ConfigMapName), cancellationToken))?.Text(
            "data", KeyOf(digest));

    /// <summary>Remembers a version that was rolled back. Doing it again changes nothing.</summary>
    public async Task RememberAsync(
        Resource<ModelVersion> version, string? message, CancellationToken cancellationToken)
    {
        if (_written.ContainsKey(version.Metadata.Uid)) return;
        var map = new NamespacedName(version.Metadata.Key.Namespace, ConfigMapName);
        var key = KeyOf(version.Value.Spec.Artifact.Digest);
        var known = await client.TryGetAsync(BuiltIn.ConfigMaps, map, cancellationToken);
        if (known?.Text("data", key) is null)
        {
            var words = message ?? "rolled back";
            if (words.Length > MessageLengthMax) words = words[..MessageLengthMax];
            var entry = string.Create(
                CultureInfo.InvariantCulture, $"{time.GetUtcNow():u} {version.Metadata.Name}: {words}");
            if (known is null) await CreateAsync(map, new JsonObject { [key] = entry }, cancellationToken);
            else await ChangeAsync(known, key, entry, cancellationToken);
        }

        _written[version.Metadata.Uid] = true;
    }

    private async Task ChangeAsync(
        KubernetesObject known, string key, string entry, CancellationToken cancellationToken)
    {
        var change = Change(known, key, entry);
        try
        {
            await client.PatchAsync(BuiltIn.ConfigMaps, known.Key, Patch.Merge(change), cancellationToken);
        }
        catch (KubernetesApiException refused) when (refused.IsInvalid)
        {
            // Made immutable, it would keep out every package that is rolled back from now on.
            if (!await FixedConfigMap.RemoveAsync(client, known.Key, cancellationToken)) throw;
            var all = known.At("data") is { ValueKind: JsonValueKind.Object } data
                ? (JsonObject)JsonObject.Create(data)!.DeepClone() : [];
            foreach (var (name, value) in change["data"]!.AsObject())
            {
                if (value is null) all.Remove(name);
                else all[name] = value.DeepClone();
            }

            await CreateAsync(known.Key, all, cancellationToken);
        }
    }

    private async Task CreateAsync(NamespacedName map, JsonObject data, CancellationToken cancellationToken) =>
        await client.CreateAsync(
            BuiltIn.ConfigMaps,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["namespace"] = map.Namespace, ["name"] = map.Name,
                    ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "waf-operator" },
                },
                ["data"] = data,
            },
            cancellationToken);

    /// <summary>
    /// The new entry, and nulls for the oldest when there are too many. Entries begin with their time.
    /// </summary>
    private static JsonObject Change(KubernetesObject known, string key, string entry)
    {
        var data = new JsonObject { [key] = entry };
        var entries = known.Json.TryGetProperty("data", out var all) && all.ValueKind is JsonValueKind.Object
            ? all.EnumerateObject().OrderBy(e => e.Value.GetString(), StringComparer.Ordinal).Select(e => e.Name)
                .ToList()
            : [];
        foreach (var old in entries.Take(Math.Max(0, entries.Count + 1 - EntriesMax))) data[old] = null;
        return new JsonObject
        {
            // Two writers at once would otherwise both drop the same ones only.
            ["metadata"] = new JsonObject { ["resourceVersion"] = known.Metadata.ResourceVersion },
            ["data"] = data,
        };
    }

    /// <summary>A colon is not allowed in a ConfigMap's key.</summary>
    private static string KeyOf(string digest) => digest.Replace(':', '-');
}
