using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// YAML as a JSON tree whose scalars are all strings: what a kubeconfig needs and no more. Depth and size are bounded,
/// and aliases (which kubeconfigs do not use) are refused, so a hostile file costs nothing.
/// </summary>
internal static class YamlTree
{
    private const int DepthMax = 32;

    /// <summary>
    /// The first document; throws <see cref="FormatException"/> with the line for anything malformed.
    /// </summary>
    public static JsonNode? Parse(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return null;
            return Node(parser, 0);
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner leaves its declared exception for some malformed texts (found by mutating kubeconfigs).
            throw new FormatException("the text cannot be scanned", e);
        }
    }

    private static JsonNode? Node(IParser parser, int depth)
    {
        if (depth > DepthMax) throw new FormatException($"nested deeper than {DepthMax} levels");
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            var absent = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null";
            return absent ? null : JsonValue.Create(scalar.Value);
        }

        if (parser.TryConsume<MappingStart>(out _)) return Mapping(parser, depth);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _)) array.Add(Node(parser, depth + 1));
            return array;
        }

        throw new FormatException($"line {parser.Current?.Start.Line}: aliases are not supported");
    }

    private static JsonObject Mapping(IParser parser, int depth)
    {
        var map = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
                throw new FormatException($"line {parser.Current?.Start.Line}: a key must be a plain name");
            if (!map.TryAdd(key.Value, Node(parser, depth + 1)))
                throw new FormatException($"line {key.Start.Line}: the key \"{key.Value}\" appears twice");
        }

        return map;
    }
}
