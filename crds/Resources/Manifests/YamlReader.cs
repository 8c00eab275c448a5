using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace WafOperator.Resources.Manifests;

/// <summary>
/// A place in a text: line and column from 1, and the scalar as it was written (null for lists and objects).
/// </summary>
public readonly record struct SourcePosition(int Line, int Column, string? Text);

/// <summary>One YAML document as JSON, with the place of every value by its path.</summary>
internal sealed record YamlDocument(JsonNode? Root, IReadOnlyDictionary<string, SourcePosition> Positions, int Line);

/// <summary>The text is not YAML that we read: syntax, a duplicate key, or a limit.</summary>
public sealed class YamlSyntaxException(string message, int line, int column) : Exception(message)
{
    public int Line { get; } = line;
    public int Column { get; } = column;
}

/// <summary>
/// YAML events → JSON, resolving plain scalars as kubectl does (YAML 1.1: a bare <c>Off</c> is a boolean, <c>0644</c>
/// octal). Hostile input is bounded by <see cref="ManifestLimits"/>; aliases are expanded, and what they expand to
/// counts.
/// </summary>
internal sealed class YamlReader(string text, ManifestLimits limits)
{
    private readonly Parser _parser = new(new Scanner(new StringReader(text), skipComments: true));
    private readonly Dictionary<string, (JsonNode? Node, int Size)> _anchors = new(StringComparer.Ordinal);
    private Dictionary<string, SourcePosition> _positions = [];
    private int _nodes;

    public IReadOnlyList<YamlDocument> ReadAll()
    {
        var documents = new List<YamlDocument>();
        try
        {
            Take<StreamStart>();
            while (_parser.Current is not StreamEnd)
            {
                var start = Take<DocumentStart>();
                if (documents.Count >= limits.DocumentsMax)
                    throw At(start, $"holds more than {limits.DocumentsMax} documents");
                _positions = new(StringComparer.Ordinal);
                _anchors.Clear();
                var line = (int)_parser.Current!.Start.Line;
                var root = ReadNode("", 0);
                documents.Add(new(root, _positions, line));
                Take<DocumentEnd>();
            }
        }
        catch (YamlException error)
        {
            throw new YamlSyntaxException(Sentence(error), (int)error.Start.Line, (int)error.Start.Column);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or FormatException
            or OverflowException)
        {
            // The library's scanner leaves its own exceptions for some broken texts; the last event says about where.
            throw new YamlSyntaxException("is not YAML", (int)(_parser.Current?.End.Line ?? 1),
                (int)(_parser.Current?.End.Column ?? 1));
        }
        return documents;
    }

    private JsonNode? ReadNode(string path, int depth)
    {
        var current = _parser.Current!;
        if (depth > limits.DepthMax) throw At(current, $"is nested deeper than {limits.DepthMax} levels");
        Count(1, current);
        _positions[path] = new((int)current.Start.Line, (int)current.Start.Column, (current as Scalar)?.Value);
        if (current is AnchorAlias alias)
        {
            _parser.MoveNext();
            if (!_anchors.TryGetValue(alias.Value.Value, out var target))
                throw At(alias, $"the alias *{alias.Value.Value} names no anchor before it");
            Count(target.Size, alias);
            return target.Node?.DeepClone();
        }
        var before = _nodes;
        var node = current switch
        {
            Scalar scalar => ReadScalar(scalar),
            MappingStart => ReadMapping(path, depth),
            SequenceStart => ReadSequence(path, depth),
            _ => throw At(current, "is not YAML that is understood here"),
        };
        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
            _anchors[anchored.Anchor.Value] = (node, _nodes - before + 1);
        return node;
    }

    private JsonNode? ReadScalar(Scalar scalar)
    {
        _parser.MoveNext();
        try
        {
            return YamlScalars.Resolve(scalar);
        }
        catch (FormatException error)
        {
            throw At(scalar, error.Message);
        }
    }

    private JsonObject ReadMapping(string path, int depth)
    {
        _parser.MoveNext();
        var result = new JsonObject();
        while (_parser.Current is not MappingEnd)
        {
            if (_parser.Current is not Scalar key) throw At(_parser.Current!, "keys must be plain names");
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
                throw At(key, "merge keys (<<) are not supported: write the fields out");
            _parser.MoveNext();
            var child = path.Length == 0 ? key.Value : $"{path}.{key.Value}";
            if (result.ContainsKey(key.Value))
                throw At(key, $"the key {key.Value} stands twice (first in line {_positions[child].Line})");
            var value = ReadNode(child, depth + 1);
            result.Add(key.Value, value);
            _positions[child] = _positions[child] with { Line = (int)key.Start.Line, Column = (int)key.Start.Column };
        }
        _parser.MoveNext();
        return result;
    }

    private JsonArray ReadSequence(string path, int depth)
    {
        _parser.MoveNext();
        var result = new JsonArray();
        while (_parser.Current is not SequenceEnd)
            result.Add(ReadNode(string.Create(CultureInfo.InvariantCulture, $"{path}[{result.Count}]"), depth + 1));
        _parser.MoveNext();
        return result;
    }

    private void Count(int nodes, ParsingEvent at)
    {
        _nodes += nodes;
        if (_nodes > limits.NodesMax) throw At(at, $"holds more than {limits.NodesMax} values (aliases expanded)");
    }

    private T Take<T>() where T : ParsingEvent
    {
        if (_parser.Current is null) _parser.MoveNext();
        if (_parser.Current is not T wanted) throw At(_parser.Current!, "is not YAML that is understood here");
        _parser.MoveNext();
        return wanted;
    }

    private static YamlSyntaxException At(ParsingEvent at, string message) =>
        new(message, (int)at.Start.Line, (int)at.Start.Column);

    private static string Sentence(YamlException error)
    {
        var message = error.InnerException?.Message ?? error.Message;
        return "is not YAML: " + (message.Length <= 200 ? message : message[..200] + "…");
    }
}
