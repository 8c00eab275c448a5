using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace WafOperator.Resources.Manifests;

/// <summary>
/// One JSON or YAML document of a stranger as JSON text, without what only people read (spaces, comments), within
/// bounds: aliases are expanded and counted. Pure; never throws on bad text.
/// </summary>
public static class YamlToJson
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The JSON, or why there is none, with its line.</summary>
    /// <param name="text">The document.</param>
    /// <param name="limits">Its bounds; the JSON has at most as many characters as the text may have.</param>
    public static (string? Json, string? Problem) Convert(string text, ManifestLimits limits)
    {
        if (text.Length > limits.TextLengthMax)
            return (null, $"has {text.Length} characters, at most {limits.TextLengthMax} are read");
        try
        {
            if ((FromJson(text, limits) ?? FromYaml(text, limits)) is not { } json) return (null, "holds no document");
            return json.Length <= limits.TextLengthMax ? (json, null)
                : (null, $"has {json.Length} characters as JSON, at most {limits.TextLengthMax} are read");
        }
        catch (YamlSyntaxException error)
        {
            return (null, string.Create(CultureInfo.InvariantCulture,
                $"line {error.Line}, column {error.Column}: {error.Message}"));
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            return (null, "holds text that is not Unicode");
        }
    }

    /// <summary>
    /// Null where the text is no JSON, or has members twice: then it is read as YAML, whose messages say the line.
    /// </summary>
    private static string? FromJson(string text, ManifestLimits limits)
    {
        if (text.AsSpan().TrimStart() is not ['{', ..]) return null;
        try
        {
            using var document = JsonDocument.Parse(
                text, new JsonDocumentOptions { MaxDepth = limits.DepthMax, AllowDuplicateProperties = false });
            return JsonSerializer.Serialize(document.RootElement, Plain);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? FromYaml(string text, ManifestLimits limits) =>
        new YamlReader(text, limits).ReadAll() is [{ Root: { } root }] ? root.ToJsonString(Plain) : null;
}
