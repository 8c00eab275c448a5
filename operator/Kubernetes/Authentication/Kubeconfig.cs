using System.Text;
using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// One or more merged kubeconfig files. For each name, and for the current context, the first file that has it wins;
/// relative paths are relative to the file that holds them.
/// Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files".
/// </summary>
public sealed class Kubeconfig
{
    private const int FileBytesMax = 4 << 20;
    private readonly Dictionary<string, KubeconfigEntry> _clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KubeconfigEntry> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KubeconfigEntry> _contexts = new(StringComparer.Ordinal);
    private readonly List<string> _paths = [];
    private string? _currentContext;

    private Kubeconfig()
    {
    }

    /// <summary>The context used when none is named, or null.</summary>
    public string? CurrentContext => _currentContext;

    /// <summary>All contexts that can be named.</summary>
    public IEnumerable<string> Contexts => _contexts.Keys;

    /// <summary>Reads and merges files; missing ones are an error unless allowed, and one must exist.</summary>
    public static Kubeconfig Load(IReadOnlyList<string> paths, bool missingAllowed)
    {
        var result = new Kubeconfig();
        foreach (var path in paths)
        {
            if (!File.Exists(path))
            {
                if (missingAllowed) continue;
                throw new KubeconfigException($"the kubeconfig {path} does not exist. Next: check the path");
            }

            result.Merge(ReadFile(path), path);
        }

        if (result._paths.Count == 0)
            throw new KubeconfigException(
                $"none of the kubeconfig files exist: {string.Join(", ", paths)}. Next: check KUBECONFIG");
        return result;
    }

    /// <summary>
    /// Reads one kubeconfig given as text; <paramref name="path"/> is for messages and relative paths.
    /// </summary>
    public static Kubeconfig Parse(string text, string path)
    {
        var result = new Kubeconfig();
        result.Merge(text, path);
        return result;
    }

    /// <summary>The connection of a context (the current one when null).</summary>
    public ClusterConnection Connect(string? contextName, TimeProvider time)
    {
        var files = string.Join(", ", _paths);
        var name = contextName ?? _currentContext ?? throw new KubeconfigException(
            $"the kubeconfig {files} has no current-context. Next: kubectl config use-context NAME");
        var context = Find(_contexts, name, "context", $"the kubeconfig {files}");
        var clusterName = context.Required("cluster");
        var cluster = Find(_clusters, clusterName, "cluster", context.Where);
        var user = context.Text("user") is { Length: > 0 } userName
            ? Find(_users, userName, "user", context.Where)
            : null;
        var skip = cluster.Flag("insecure-skip-tls-verify");
        return new ClusterConnection
        {
            Server = ServerOf(cluster),
            Name = name,
            Namespace = context.Text("namespace") is { Length: > 0 } ns ? ns : "default",
            SkipTlsVerify = skip,
            TlsServerName = cluster.Text("tls-server-name"),
            Proxy = ProxyOf(cluster),
            Trust = skip ? null : TrustOf(cluster),
            Credentials = user is null
                ? new StaticCredentials(Credential.Anonymous)
                : KubeconfigUser.Credentials(user, time),
        };
    }

    private void Merge(string text, string path)
    {
        _paths.Add(path);
        JsonNode? root;
        try
        {
            root = YamlTree.Parse(text);
        }
        catch (FormatException e)
        {
            throw new KubeconfigException($"the kubeconfig {path} is not valid YAML: {e.Message}", e);
        }

        if (root is null) return; // an empty file is allowed: kubectl writes one
        if (root is not JsonObject map)
            throw new KubeconfigException($"the kubeconfig {path} is not a mapping. Next: is this the right file?");
        if (Scalar(map["kind"]) is { } kind && kind != "Config")
            throw new KubeconfigException($"{path} is a {kind}, not a kubeconfig (kind: Config). Next: check the path");
        if (Scalar(map["current-context"]) is { Length: > 0 } current) _currentContext ??= current;
        Collect(map, "clusters", "cluster", _clusters, path);
        Collect(map, "users", "user", _users, path);
        Collect(map, "contexts", "context", _contexts, path);
    }

    private static void Collect(
        JsonObject root, string list, string kind, Dictionary<string, KubeconfigEntry> into, string path)
    {
        if (root[list] is null) return;
        if (root[list] is not JsonArray array) throw new KubeconfigException($"{path}: {list} must be a list");
        foreach (var item in array)
        {
            if (item is not JsonObject entry || Scalar(entry["name"]) is not { Length: > 0 } name)
                throw new KubeconfigException($"{path}: each of {list} must have a name");
            var body = entry[kind] switch
            {
                JsonObject map => map,
                null => new JsonObject(),
                _ => throw new KubeconfigException($"{path}: {kind} \"{name}\" must be a mapping"),
            };
            into.TryAdd(name, new KubeconfigEntry(kind, name, path, body));
        }
    }

    private static KubeconfigEntry Find(
        Dictionary<string, KubeconfigEntry> entries, string name, string kind, string where)
    {
        if (entries.TryGetValue(name, out var entry)) return entry;
        var known = entries.Count == 0 ? "there is none" : $"known: {string.Join(", ", entries.Keys.Order().Take(10))}";
        throw new KubeconfigException($"{where} names the {kind} \"{name}\", which does not exist ({known})");
    }

    private static Uri ServerOf(KubeconfigEntry cluster)
    {
        var server = cluster.Required("server");
        if (!server.Contains("://", StringComparison.Ordinal)) server = "https://" + server;
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            throw new KubeconfigException($"{cluster.Where}: server is not an http(s) address");
        if (uri.UserInfo.Length > 0)
            throw new KubeconfigException(
                $"{cluster.Where}: server must not hold a user name. Next: move it to a user");
        return uri.AbsolutePath.EndsWith('/') ? uri : new Uri(uri.AbsoluteUri + "/");
    }

    private static Uri? ProxyOf(KubeconfigEntry cluster)
    {
        if (cluster.Text("proxy-url") is not { Length: > 0 } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "socks5")
            return uri;
        throw new KubeconfigException($"{cluster.Where}: proxy-url must be an http, https or socks5 address");
    }

    private static TrustAnchors? TrustOf(KubeconfigEntry cluster)
    {
        if (cluster.Text("certificate-authority-data") is { Length: > 0 } data)
            return new TrustAnchors(PemFiles.Authorities(
                cluster.Base64("certificate-authority-data", data), cluster.Where));
        return cluster.FilePath("certificate-authority") is { } path ? new TrustAnchors(path, cluster.Where) : null;
    }

    private static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > FileBytesMax)
                throw new KubeconfigException($"the kubeconfig {path} is larger than {FileBytesMax} bytes");
            return File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"cannot read the kubeconfig {path}: {e.Message}", e);
        }
    }

    private static string? Scalar(JsonNode? node) => node is JsonValue value ? value.GetValue<string>() : null;
}
