using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace WafOperator.Resources.Manifests;

/// <summary>
/// A place in a text: line and column from 1, and the scalar as it was written (null for lists and objects).
/// </summary>
public readonly record struct SourcePosition(int Line, int Column, string? Text);

/// <summary>One YAML document as JSON, and where its values stand.</summary>
internal sealed record YamlDocument(JsonNode? Root, YamlPlaces Places, int Line);

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
    private readonly Dictionary<string, Anchored> _anchors = new(StringComparer.Ordinal);
    private int _nodes;

    /// <summary>The deepest level since the value that is being read began.</summary>
    private int _deepest;

    /// <summary>Characters of keys and texts: aliases of a long text would make it as long as they like.</summary>
    private long _characters;

    /// <summary>What an alias stands for, and how much that is.</summary>
    /// <param name="Node">The value.</param>
    /// <param name="Size">Values in it, itself among them.</param>
    /// <param name="Characters">Characters of its keys and texts.</param>
    /// <param name="Height">Levels below it.</param>
    private readonly record struct Anchored(JsonNode? Node, int Size, long Characters, int Height);

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
                _anchors.Clear();
                var line = (int)_parser.Current!.Start.Line;
                var places = new YamlPlaces(PositionOf(_parser.Current));
                documents.Add(new(ReadNode(places, 0), places, line));
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

    private JsonNode? ReadNode(YamlPlaces place, int depth)
    {
        var current = _parser.Current!;
        Reach(depth, current);
        if (current is AnchorAlias alias)
        {
            _parser.MoveNext();
            return Expanded(alias, depth);
        }

        var (nodes, characters, deepest) = (_nodes, _characters, _deepest);
        _deepest = depth;
        Count(1, (current as Scalar)?.Value.Length ?? 0, current);
        var node = current switch
        {
            Scalar scalar => ReadScalar(scalar),
            MappingStart => ReadMapping(place, depth),
            SequenceStart => ReadSequence(place, depth),
            _ => throw At(current, "is not YAML that is understood here"),
        };
        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
            _anchors[anchored.Anchor.Value] = new(node, _nodes - nodes, _characters - characters, _deepest - depth);
        _deepest = Math.Max(_deepest, deepest);
        return node;
    }

    private JsonNode? Expanded(AnchorAlias alias, int depth)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out var target))
            throw At(alias, $"the alias *{alias.Value.Value} names no anchor before it");
        Reach(depth + target.Height, alias);
        Count(1 + target.Size, target.Characters, alias);
        return target.Node?.DeepClone();
    }

    private void Reach(int depth, ParsingEvent at)
    {
        if (depth > limits.DepthMax) throw At(at, $"is nested deeper than {limits.DepthMax} levels");
        _deepest = Math.Max(_deepest, depth);
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

    private JsonObject ReadMapping(YamlPlaces place, int depth)
    {
        _parser.MoveNext();
        var result = new JsonObject();
        while (_parser.Current is not MappingEnd)
        {
            if (_parser.Current is not Scalar key) throw At(_parser.Current!, "keys must be plain names");
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
                throw At(key, "merge keys (<<) are not supported: write the fields out");
            if (result.ContainsKey(key.Value))
                throw At(key, $"the key {Shown(key.Value)} stands twice "
                    + $"(first in line {place.Member(key.Value)!.Position.Line})");
            _characters += key.Value.Length;
            _parser.MoveNext();
            // A member stands where its key does, and reads as its value does.
            var child = new YamlPlaces(PositionOf(key) with { Text = PositionOf(_parser.Current!).Text });
            place.Add(key.Value, child);
            result.Add(key.Value, ReadNode(child, depth + 1));
        }

        _parser.MoveNext();
        return result;
    }

    private JsonArray ReadSequence(YamlPlaces place, int depth)
    {
        _parser.MoveNext();
        var result = new JsonArray();
        while (_parser.Current is not SequenceEnd)
        {
            var child = new YamlPlaces(PositionOf(_parser.Current!));
            place.Add(child);
            result.Add(ReadNode(child, depth + 1));
        }

        _parser.MoveNext();
        return result;
    }

    private static SourcePosition PositionOf(ParsingEvent at) =>
        new((int)at.Start.Line, (int)at.Start.Column, (at as Scalar)?.Value);

    private static string Shown(string key) => key.Length <= 100 ? key : key[..100] + "…";

    private void Count(int nodes, long characters, ParsingEvent at)
    {
        _nodes += nodes;
        _characters += characters;
        if (_nodes > limits.NodesMax) throw At(at, $"holds more than {limits.NodesMax} values (aliases expanded)");
        if (_characters > limits.TextLengthMax)
            throw At(at, $"holds more than {limits.TextLengthMax} characters (aliases expanded)");
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
