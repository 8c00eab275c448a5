using System.Text;
using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>One cluster, user or context of a kubeconfig, with the words to complain about it.</summary>
internal sealed class KubeconfigEntry(string kind, string name, string path, JsonObject body)
{
    /// <summary>For messages: which entry of which file.</summary>
    public string Where => $"{kind} \"{name}\" of {path}";

    public JsonObject Body => body;

    public string? Text(string key) => body[key] switch
    {
        null => null,
        JsonValue value => value.GetValue<string>(),
        _ => throw new KubeconfigException($"{Where}: {key} must be text"),
    };

    public string Required(string key) => Text(key) is { Length: > 0 } value
        ? value
        : throw new KubeconfigException($"{Where}: {key} is missing");

    public bool Flag(string key) => Text(key) switch
    {
        null or "" or "false" => false,
        "true" => true,
        _ => throw new KubeconfigException($"{Where}: {key} must be true or false"),
    };

    public IEnumerable<JsonNode?> List(string key) => body[key] switch
    {
        null => [],
        JsonArray array => array,
        _ => throw new KubeconfigException($"{Where}: {key} must be a list"),
    };

    /// <summary>A part of this entry, with the same words to complain about it.</summary>
    public KubeconfigEntry With(JsonObject part) => new(kind, name, path, part);

    /// <summary>A path, relative to the file that names it.</summary>
    public string? FilePath(string key) => Text(key) is { Length: > 0 } value ? Resolve(value) : null;

    public string Resolve(string relative) =>
        Path.GetFullPath(relative, Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");

    public string Base64(string key, string data)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }
        catch (FormatException)
        {
            throw new KubeconfigException($"{Where}: {key} is not base64");
        }
    }

    /// <summary>
    /// PEM text from <c>KEY-data</c> (base64, preferred) or the file named by <c>KEY</c>; null if neither.
    /// </summary>
    public string? Pem(string key)
    {
        if (Text(key + "-data") is { Length: > 0 } data) return Base64(key + "-data", data);
        if (FilePath(key) is not { } file) return null;
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"{Where}: cannot read {key}: {e.Message}", e);
        }
    }

    // The body may hold secrets.
    public override string ToString() => Where;
}
