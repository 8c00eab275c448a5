using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WafOperator.Resources.Manifests;

namespace WafOperator.Resources.Schema;

/// <summary>
/// JSON as block-style YAML and back; written in the order of its members: the same value always gives the same text.
/// </summary>
public static partial class YamlText
{
    private static readonly JsonSerializerOptions Readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Reads one YAML document as JSON, as strictly as manifests are read. Throws <see cref="YamlSyntaxException"/>.
    /// </summary>
    public static JsonNode? Read(string text)
    {
        var documents = new YamlReader(text, new ManifestLimits()).ReadAll();
        return documents.Count == 1 ? documents[0].Root
            : throw new YamlSyntaxException($"holds {documents.Count} documents, not one", 1, 1);
    }

    /// <summary>The value as YAML, ending in a line feed.</summary>
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        Append(text, node, 0);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonNode? node, int indent)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } members:
                foreach (var (name, value) in members) AppendMember(text, Plain(name), value, indent);
                break;
            case JsonArray { Count: > 0 } items:
                foreach (var item in items) AppendItem(text, item, indent);
                break;
            default:
                text.Append(' ', indent).Append(Scalar(node)).Append('\n');
                break;
        }
    }

    private static void AppendMember(StringBuilder text, string name, JsonNode? value, int indent)
    {
        text.Append(' ', indent).Append(name).Append(':');
        switch (value)
        {
            case JsonObject { Count: > 0 }:
                text.Append('\n');
                Append(text, value, indent + 2);
                break;
            case JsonArray { Count: > 0 }:
                text.Append('\n');
                Append(text, value, indent);
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String
            && IsBlock(scalar.GetValue<string>()):
                AppendBlock(text, scalar.GetValue<string>(), indent + 2);
                break;
            default:
                text.Append(' ').Append(Scalar(value)).Append('\n');
                break;
        }
    }

    private static void AppendItem(StringBuilder text, JsonNode? item, int indent)
    {
        var inner = new StringBuilder();
        Append(inner, item, indent + 2);
        text.Append(' ', indent).Append("- ").Append(inner.ToString().AsSpan().TrimStart());
    }

    private static void AppendBlock(StringBuilder text, string value, int indent)
    {
        text.Append(value.EndsWith('\n') ? " |\n" : " |-\n");
        foreach (var line in value.TrimEnd('\n').Split('\n'))
            text.Append(' ', line.Length == 0 ? 0 : indent).Append(line).Append('\n');
    }

    /// <summary>Texts of several lines that a literal block gives back unchanged.</summary>
    private static bool IsBlock(string value)
    {
        if (!value.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)
            || value.EndsWith("\n\n", StringComparison.Ordinal)) return false;
        if (value[0] is ' ' or '\n') return false;
        foreach (var c in value)
            if ((char.IsControl(c) && c is not ('\n' or '\t')) || c is '\u2028' or '\u2029' or '\ufeff' or '\u0085')
                return false;
        return true;
    }

    private static string Scalar(JsonNode? node) => node?.GetValueKind() switch
    {
        null => "null",
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        JsonValueKind.String => Plain(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Plain(string value) => PlainText().IsMatch(value) && !Resolvable().IsMatch(value)
        && !value.EndsWith(' ')
        ? value
        : JsonSerializer.Serialize(value, Readable);

    /// <summary>
    /// Safe without quotes everywhere in a block: no indicator first, no <c>: </c> and no <c> #</c> inside.
    /// </summary>
    [GeneratedRegex(@"^[A-Za-z/$^(][A-Za-z0-9 ,.;()/_$^+<>=*'""\\{}\[\]|!?@-]*(?::[A-Za-z0-9/][A-Za-z0-9 ,.;()/_$^+<>=*'""\\{}\[\]|!?@-]*)*\z")]
    private static partial Regex PlainText();

    /// <summary>What YAML would read as something other than text.</summary>
    [GeneratedRegex(@"^(?:y|n|yes|no|on|off|true|false|null|~)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Resolvable();
}
