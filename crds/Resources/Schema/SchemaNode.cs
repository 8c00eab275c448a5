using System.Text.Json.Nodes;

namespace WafOperator.Resources.Schema;

/// <summary>JSON type of a field.</summary>
public enum SchemaType { Object, Map, Array, String, Enum, Integer, Boolean, DateTime, Opaque }

/// <summary>A rule in CEL, as <see cref="CelAttribute"/> declares it.</summary>
public sealed record SchemaRule(string Id, string Expression, string Message);

/// <summary>
/// One field's schema: what the C# type and its attributes say, read once. The CRD generator prints it, the validator
/// and the strict reader walk it, so that the three cannot disagree. Immutable.
/// </summary>
public sealed record SchemaNode
{
    public required SchemaType Type { get; init; }
    public string? Description { get; init; }

    /// <summary>Fields of an object in the order of their declaration.</summary>
    public IReadOnlyDictionary<string, SchemaNode> Properties { get; init; } = new Dictionary<string, SchemaNode>();
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Schema of each item of an array, or of each value of a map.</summary>
    public SchemaNode? Items { get; init; }
    public IReadOnlyList<string> EnumValues { get; init; } = [];
    public JsonNode? Default { get; init; }
    public string? Pattern { get; init; }

    /// <summary>What the pattern means, in words.</summary>
    public string? PatternMeaning { get; init; }

    /// <summary>Characters of a string.</summary>
    public int LengthMin { get; init; }
    public int? LengthMax { get; init; }

    /// <summary>Items of an array, entries of a map.</summary>
    public int ItemsMin { get; init; }
    public int? ItemsMax { get; init; }

    /// <summary>Keys that make the items of an array unique; none: an atomic array.</summary>
    public IReadOnlyList<string> MapKeys { get; init; } = [];

    public long? Minimum { get; init; }
    public long? Maximum { get; init; }

    /// <summary>64 or 32, for integers.</summary>
    public int IntegerBits { get; init; }
    public IReadOnlyList<SchemaRule> Rules { get; init; } = [];
}
