using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>
/// A client of one API server. Reads give immutable objects of the resource type's own choice; writes take the JSON to
/// send. Every failure is a <see cref="KubernetesException"/> with a one-line message. Safe for concurrent use; one
/// instance per process and connection.
/// </summary>
public sealed partial class KubernetesClient : IDisposable
{
    private readonly ApiTransport _transport;
    private readonly ClientOptions _options;
    private readonly TimeProvider _time;

    public KubernetesClient(
        ClusterConnection connection, ClientOptions options, TimeProvider time, ILogger<KubernetesClient> logger)
    {
        Connection = connection;
        _options = options;
        _time = time;
        _transport = new ApiTransport(connection, options, time, logger);
    }

    public ClusterConnection Connection { get; }

    public void Dispose() => _transport.Dispose();

    /// <summary>One object; a missing one is an error.</summary>
    public async Task<TObject> GetAsync<TObject>(
        ResourceType<TObject> type, NamespacedName key, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var request = Request(ApiVerb.Get, HttpMethod.Get, type, key, null, "");
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>One object, or null when it does not exist.</summary>
    public async Task<TObject?> TryGetAsync<TObject>(
        ResourceType<TObject> type, NamespacedName key, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        try
        {
            return await GetAsync(type, key, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// All objects, fetched in pages of one consistent version; in one piece if that version expires.
    /// </summary>
    public async Task<ResourceList<TObject>> ListAsync<TObject>(
        ResourceType<TObject> type, ListOptions options, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        try
        {
            var items = new List<TObject>();
            var unreadable = new List<UnreadableObject>();
            string? next = null;
            while (true)
            {
                var page = await ListPageAsync(type, options, next, cancellationToken);
                items.AddRange(page.Items);
                unreadable.AddRange(page.Unreadable);
                next = page.Continue;
                if (next is null) return new ResourceList<TObject>(items, page.ResourceVersion, null, unreadable);
            }
        }
        catch (KubernetesApiException e) when (e.IsExpired)
        {
            // The pages took longer than the server keeps old versions.
            return await ListOnceAsync(type, options, 0, null, cancellationToken);
        }
    }

    /// <summary>One page; pass the token of the previous page to go on. 410 means: start again.</summary>
    public Task<ResourceList<TObject>> ListPageAsync<TObject>(
        ResourceType<TObject> type, ListOptions options, string? continueToken, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject =>
        ListOnceAsync(type, options, _options.PageSize, continueToken, cancellationToken);

    /// <summary>Creates an object; its namespace and name (or generateName) are those in the body.</summary>
    public async Task<TObject> CreateAsync<TObject>(
        ResourceType<TObject> type, JsonObject body, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var key = KeyOf(body);
        var query = new QueryText().Add("fieldManager", _options.FieldManager).ToString();
        var request = new ApiRequest(
            ApiTarget.Of(ApiVerb.Create, type, key), HttpMethod.Post, type.PathOf(key.Namespace) + query)
        {
            Body = JsonBytes.Of(Named(type, body)),
        };
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>
    /// Replaces an object. With <c>metadata.resourceVersion</c> in the body a change in between is a conflict (409).
    /// </summary>
    public async Task<TObject> ReplaceAsync<TObject>(
        ResourceType<TObject> type, JsonObject body, CancellationToken cancellationToken, string? subresource = null)
        where TObject : class, IKubernetesObject
    {
        var query = new QueryText().Add("fieldManager", _options.FieldManager).ToString();
        var request = Request(ApiVerb.Update, HttpMethod.Put, type, KeyOf(body), subresource, query) with
        {
            Body = JsonBytes.Of(Named(type, body)),
        };
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>
    /// Server-side apply: creates the object or makes the fields in <paramref name="body"/> ours, and drops fields that
    /// we applied before and no longer send.
    /// </summary>
    public async Task<TObject> ApplyAsync<TObject>(
        ResourceType<TObject> type, JsonObject body, ApplyOptions options, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var query = new QueryText()
            .Add("fieldManager", options.FieldManager ?? _options.FieldManager)
            .Add("force", options.Conflicts == FieldConflicts.TakeOver ? "true" : "false")
            .Add("dryRun", options.Mode == WriteMode.DryRun ? "All" : null).ToString();
        var request = Request(ApiVerb.Patch, HttpMethod.Patch, type, KeyOf(body), options.Subresource, query) with
        {
            Body = JsonBytes.Of(Named(type, body)), // JSON is YAML
            ContentType = "application/apply-patch+yaml",
        };
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>Patches an object or subresource. The body is an array for a JSON patch, else an object.</summary>
    public async Task<TObject> PatchAsync<TObject>(
        ResourceType<TObject> type, NamespacedName key, Patch patch, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var options = patch.Options;
        var query = new QueryText()
            .Add("fieldManager", options.FieldManager ?? _options.FieldManager)
            .Add("dryRun", options.Mode == WriteMode.DryRun ? "All" : null).ToString();
        var request = Request(ApiVerb.Patch, HttpMethod.Patch, type, key, options.Subresource, query) with
        {
            Body = JsonBytes.Of(patch.Body),
            ContentType = patch.ContentType,
        };
        return Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    /// <summary>Requests deletion. False when the object did not exist.</summary>
    public async Task<bool> DeleteAsync(
        ResourceType type, NamespacedName key, DeleteOptions options, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["propagationPolicy"] = options.Propagation.ToString(),
        };
        if (options.GracePeriodSeconds is { } grace) body["gracePeriodSeconds"] = grace;
        var preconditions = new JsonObject();
        if (options.Uid is { } uid) preconditions["uid"] = uid;
        if (options.ResourceVersion is { } version) preconditions["resourceVersion"] = version;
        if (preconditions.Count > 0) body["preconditions"] = preconditions;
        try
        {
            var request = Request(ApiVerb.Delete, HttpMethod.Delete, type, key, null, "") with
            {
                Body = JsonBytes.Of(body),
            };
            await _transport.SendAsync(request, cancellationToken);
            return true;
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private async Task<ResourceList<TObject>> ListOnceAsync<TObject>(
        ResourceType<TObject> type, ListOptions options, int limit, string? next, CancellationToken cancellationToken)
        where TObject : class, IKubernetesObject
    {
        var query = new QueryText()
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("limit", limit > 0 ? limit.ToString(CultureInfo.InvariantCulture) : null)
            .Add("continue", next).ToString();
        var key = new NamespacedName(options.Namespace ?? "", "");
        var request = Request(ApiVerb.List, HttpMethod.Get, type, key, null, query);
        return ListReader.Read(type, request.Target, await _transport.SendAsync(request, cancellationToken));
    }

    private static ApiRequest Request(
        ApiVerb verb, HttpMethod method, ResourceType type, NamespacedName key, string? subresource, string query) =>
        new(
            ApiTarget.Of(verb, type, key, subresource),
            method,
            type.PathOf(key.Namespace, key.Name, subresource) + query);

    private static TObject Read<TObject>(ResourceType<TObject> type, ApiTarget target, byte[] body)
        where TObject : class, IKubernetesObject
    {
        KubernetesObject read;
        try
        {
            using var document = JsonBytes.Parse(body);
            read = KubernetesObject.Compact(document.RootElement, type);
        }
        catch (JsonException e)
        {
            throw ListReader.NotKubernetes(target, e);
        }

        try
        {
            return type.Read(read);
        }
        catch (JsonException e)
        {
            throw new ObjectUnreadableException(target, read.Metadata, e);
        }
    }

    private static NamespacedName KeyOf(JsonObject body)
    {
        var metadata = body["metadata"] as JsonObject
            ?? throw new ArgumentException("the body of a write needs metadata", nameof(body));
        return new NamespacedName(
            metadata["namespace"]?.GetValue<string>() ?? "", metadata["name"]?.GetValue<string>() ?? "");
    }

    private static JsonObject Named(ResourceType type, JsonObject body)
    {
        body["apiVersion"] ??= type.ApiVersion;
        body["kind"] ??= type.Kind;
        return body;
    }
}
