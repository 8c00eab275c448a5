using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

public sealed partial class KubernetesClient
{
    /// <summary>Reads the scale subresource.</summary>
    public async Task<Scale> GetScaleAsync(ResourceType type, NamespacedName key, CancellationToken cancellationToken)
    {
        var request = Request(ApiVerb.Get, HttpMethod.Get, type, key, "scale", "");
        return ReadScale(request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>Sets the wanted number of replicas through the scale subresource.</summary>
    public async Task<Scale> SetScaleAsync(
        ResourceType type, NamespacedName key, int replicas, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        var patch = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        var query = new QueryText().Add("fieldManager", _options.FieldManager).ToString();
        var request = Request(ApiVerb.Patch, HttpMethod.Patch, type, key, "scale", query) with
        {
            Body = JsonBytes.Of(patch),
            ContentType = "application/merge-patch+json",
        };
        return ReadScale(request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>
    /// Asks for a pod's eviction, which respects disruption budgets; with a uid, only of that very pod.
    /// </summary>
    public async Task<EvictionOutcome> EvictAsync(
        NamespacedName pod, string? uid, CancellationToken cancellationToken)
    {
        var capabilities = await GetCapabilitiesAsync(cancellationToken);
        var body = new JsonObject
        {
            ["apiVersion"] = $"policy/{capabilities.EvictionVersion}",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["namespace"] = pod.Namespace, ["name"] = pod.Name },
        };
        if (uid is not null)
        {
            body["deleteOptions"] = new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = uid } };
        }

        var request = Request(ApiVerb.Create, HttpMethod.Post, BuiltIn.Pods, pod, "eviction", "") with
        {
            Body = JsonBytes.Of(body),
            WaitsWhenThrottled = false,
        };
        try
        {
            await _transport.SendAsync(request, cancellationToken);
            return new EvictionOutcome.Evicted();
        }
        catch (KubernetesApiException e) when (e.IsNotFound || e.IsConflict)
        {
            return new EvictionOutcome.AlreadyGone();
        }
        catch (KubernetesApiException e) when (e.IsThrottled)
        {
            return new EvictionOutcome.NotNow(e.Status.RetryAfter ?? TimeSpan.FromSeconds(10), e.Status.Message);
        }
    }

    /// <summary>
    /// Who a bearer token belongs to, or null when it is not valid for any of <paramref name="audiences"/>.
    /// </summary>
    public async Task<TokenIdentity?> ReviewTokenAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var spec = new JsonObject { ["token"] = token };
        if (audiences.Count > 0) spec["audiences"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]);
        var status = await ReviewAsync(BuiltIn.TokenReviews, spec, cancellationToken);
        if (status?.Flag("authenticated") != true) return null;
        var granted = Strings(status.Value, "audiences");
        // A server that does not know audiences leaves the field empty: the token is then for the server itself.
        if (audiences.Count > 0 && !granted.Any(audiences.Contains)) return null;
        return new TokenIdentity(
            status.Value.Text("user", "username") ?? "",
            status.Value.Text("user", "uid") ?? "",
            Strings(status.Value, "user", "groups"),
            granted)
        {
            Pod = Strings(status.Value, "user", "extra", "authentication.kubernetes.io/pod-name") is [var name]
                && Strings(status.Value, "user", "extra", "authentication.kubernetes.io/pod-uid") is [var uid]
                ? (name, uid) : null,
        };
    }

    /// <summary>Whether this program itself may do something; for start-up checks with clear words.</summary>
    public Task<bool> MayIAsync(
        ApiVerb verb, ResourceType type, string? ns, CancellationToken cancellationToken, string? subresource = null) =>
        AccessAsync(BuiltIn.SelfSubjectAccessReviews, Attributes(verb, type, ns, subresource), cancellationToken);

    /// <summary>
    /// Whether a user (and groups) may do something, with one object where it has a name; the subresource may be one
    /// that no server has (<c>wafpolicies/events</c>).
    /// </summary>
    public Task<bool> MayAsync(
        TokenIdentity user, ApiVerb verb, ResourceType type, NamespacedName key, CancellationToken cancellationToken,
        string? subresource = null)
    {
        var spec = Attributes(verb, type, key.Namespace, subresource);
        if (!string.IsNullOrEmpty(key.Name)) spec["resourceAttributes"]!["name"] = key.Name;
        spec["user"] = user.Username;
        spec["groups"] = new JsonArray([.. user.Groups.Select(g => JsonValue.Create(g))]);
        return AccessAsync(BuiltIn.SubjectAccessReviews, spec, cancellationToken);
    }

    private static JsonObject Attributes(ApiVerb verb, ResourceType type, string? ns, string? subresource)
    {
        var attributes = new JsonObject
        {
            ["verb"] = verb.ToString().ToLowerInvariant(),
            ["group"] = type.Group,
            ["resource"] = type.Plural,
        };
        if (!string.IsNullOrEmpty(ns)) attributes["namespace"] = ns;
        if (subresource is not null) attributes["subresource"] = subresource;
        return new JsonObject { ["resourceAttributes"] = attributes };
    }

    private async Task<bool> AccessAsync(
        ResourceType<KubernetesObject> type, JsonObject spec, CancellationToken cancellationToken) =>
        (await ReviewAsync(type, spec, cancellationToken))?.Flag("allowed") == true;

    /// <summary>Posts a review and gives its status.</summary>
    private async Task<JsonElement?> ReviewAsync(
        ResourceType<KubernetesObject> type, JsonObject spec, CancellationToken cancellationToken)
    {
        var request = Request(ApiVerb.Create, HttpMethod.Post, type, default, null, "") with
        {
            Body = JsonBytes.Of(Named(type, new JsonObject { ["metadata"] = new JsonObject(), ["spec"] = spec })),
        };
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken)).At("status");
    }

    private static List<string> Strings(JsonElement element, params ReadOnlySpan<string> path)
    {
        var result = new List<string>();
        foreach (var item in element.Items(path))
        {
            if (item.ValueKind == JsonValueKind.String) result.Add(item.GetString()!);
        }

        return result;
    }

    private static Scale ReadScale(ApiTarget target, byte[] body)
    {
        try
        {
            using var document = JsonBytes.Parse(body);
            var root = document.RootElement;
            return new Scale(
                (int)(root.Number("spec", "replicas") ?? 0),
                (int)(root.Number("status", "replicas") ?? 0),
                root.Text("status", "selector") ?? "",
                root.Text("metadata", "resourceVersion") ?? "");
        }
        catch (JsonException e)
        {
            throw ListReader.NotKubernetes(target, e);
        }
    }
}
