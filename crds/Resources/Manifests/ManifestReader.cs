using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;
using WafOperator.Resources.Validation;

namespace WafOperator.Resources.Manifests;

/// <summary>One object of ours from a manifest: sound, with defaults filled in.</summary>
public sealed record ManifestObject(ICustomResource Resource, JsonObject Raw, int Line);

/// <summary>Something to say about a manifest, with line and column from 1 (0: not known).</summary>
public sealed record ManifestFinding(int Line, int Column, string Path, string Message)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"line {Line}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}");
}

/// <summary>
/// What a text holds: our objects, errors (then the objects are not complete), warnings, ConfigMaps that are labelled
/// as rule files, and how many foreign objects were passed over.
/// </summary>
public sealed record ManifestResult(
    IReadOnlyList<ManifestObject> Objects, IReadOnlyList<ManifestFinding> Errors,
        IReadOnlyList<ManifestFinding> Warnings, IReadOnlyList<RuleConfigMap> RuleFiles, int Foreign);

/// <summary>A ConfigMap with the label <c>wafoperator.dev/rules: "true"</c>: text by key.</summary>
public sealed record RuleConfigMap(string Name, IReadOnlyDictionary<string, string> Files)
{
    private const string Label = "wafoperator.dev/rules";

    /// <summary>Reads an object as one; null when it is something else.</summary>
    internal static RuleConfigMap? Read(JsonObject raw)
    {
        if (raw["metadata"] is not JsonObject metadata || TextOf(metadata["name"]) is not { } name) return null;
        if (metadata["labels"] is not JsonObject labels || TextOf(labels[Label]) != "true") return null;
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in raw["data"] as JsonObject ?? [])
            if (TextOf(value) is { } text) files[key] = text;
        return new RuleConfigMap(name, files);
    }

    private static string? TextOf(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>
/// Reads the manifests that people give to kubectl: several YAML (or JSON) documents, strictly. An unknown field is an
/// error with its path, its line and the nearest known name. Objects of other groups are passed over. Never throws on
/// bad text.
/// </summary>
public static class ManifestReader
{
    /// <summary>Reads all documents of a text.</summary>
    public static ManifestResult Read(string text, ManifestLimits? limits = null)
    {
        limits ??= new();
        if (text.Length > limits.TextLengthMax)
            return Refused(new(0, 0, "", $"has {text.Length} characters, at most {limits.TextLengthMax} are read"));
        IReadOnlyList<YamlDocument> documents;
        try
        {
            documents = new YamlReader(text, limits).ReadAll();
        }
        catch (YamlSyntaxException error)
        {
            return Refused(new(error.Line, error.Column, "", error.Message));
        }
        var collector = new Collector();
        foreach (var document in documents)
            if (document.Root is not null) collector.Add(document.Root, document, "");
        return new(collector.Objects, collector.Errors, collector.Warnings, collector.RuleFiles, collector.Foreign);
    }

    private static ManifestResult Refused(ManifestFinding error) => new([], [error], [], [], 0);

    private sealed class Collector
    {
        public List<ManifestObject> Objects { get; } = [];
        public List<ManifestFinding> Errors { get; } = [];
        public List<ManifestFinding> Warnings { get; } = [];
        public List<RuleConfigMap> RuleFiles { get; } = [];
        public int Foreign { get; private set; }

        public void Add(JsonNode node, YamlDocument document, string path)
        {
            if (node is not JsonObject raw || TextOf(raw, "kind") is not { } kind)
            {
                Errors.Add(At(document, path, "is not a manifest: apiVersion and kind are missing"));
                return;
            }
            var version = TextOf(raw, "apiVersion") ?? "";
            if (kind == "List" && version == "v1" && raw["items"] is JsonArray items)
            {
                for (var i = 0; i < items.Count; i++)
                    if (items[i] is { } item)
                        Add(item, document, string.Create(CultureInfo.InvariantCulture, $"{Prefix(path)}items[{i}]"));
                return;
            }
            var ours = version.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal) || version == ApiGroup.Name;
            if (!ours && ResourceDefinition.Find(kind) is null)
            {
                if (kind == "ConfigMap" && version == "v1" && RuleConfigMap.Read(raw) is { } map) RuleFiles.Add(map);
                else Foreign++;
                return;
            }
            Validate(raw, document, path);
        }

        private void Validate(JsonObject raw, YamlDocument document, string path)
        {
            var result = ResourceValidator.Validate(raw);
            foreach (var error in result.Errors) Errors.Add(At(document, Prefix(path) + error.Path, error.Message));
            foreach (var warning in result.Warnings)
                Warnings.Add(At(document, Prefix(path) + warning.Path, warning.Message));
            if (result.Resource is not { } resource) return;
            if (string.IsNullOrEmpty(resource.Metadata.Name))
                Errors.Add(At(document, Prefix(path) + "metadata.name", "is required"));
            else Objects.Add(new(resource, raw, At(document, path, "").Line));
        }

        /// <summary>The place of a path, or of the nearest parent that was written down.</summary>
        private static ManifestFinding At(YamlDocument document, string path, string message)
        {
            var position = document.Places.Find(path).Position;
            return new(position.Line, position.Column, path, message);
        }

        private static string Prefix(string path) => path.Length == 0 ? "" : path + ".";

        private static string? TextOf(JsonObject raw, string name) =>
            raw[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
    }
}
