using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Importing;

/// <summary>Objects of any kind in a text, of lists as well.</summary>
internal static partial class ManifestDocuments
{
    public static IEnumerable<JsonElement> Read(string name, string text)
    {
        foreach (var document in Marker().Split(text).Where(part => !string.IsNullOrWhiteSpace(part)))
        {
            JsonNode? node;
            try
            {
                node = YamlText.Read(document);
            }
            catch (YamlSyntaxException failure)
            {
                throw new CliException($"{name}: line {failure.Line} of a document: {failure.Message}");
            }

            if (node is null) continue;
            var item = JsonDocument.Parse(node.ToJsonString()).RootElement;
            if (item.Text("kind")?.EndsWith("List", StringComparison.Ordinal) is true && item.At("items") is not null)
            {
                foreach (var inner in item.Items("items")) yield return inner;
            }
            else
            {
                yield return item;
            }
        }
    }

    [GeneratedRegex(@"^---[ \t]*\r?$", RegexOptions.Multiline)]
    private static partial Regex Marker();
}
