using System.Text.RegularExpressions;

namespace WafOperator.OpenApi;

/// <summary>Types that a value may have; none: any.</summary>
[Flags]
public enum ValueTypes
{
    None = 0, Null = 1, Boolean = 2, Integer = 4, Number = 8, Text = 16, Array = 32, Object = 64,
}

/// <summary>Formats that are checked.</summary>
public enum ValueFormat
{
    None, Int32, Int64, Date, DateTime, Uuid, Email, IPv4, IPv6, Uri, Base64, HostName,
}

/// <summary>One value of an enumeration.</summary>
/// <param name="Type">Its type; objects and lists are none.</param>
/// <param name="Text">Text of a string, or the number, boolean or null as written, in UTF-8.</param>
/// <param name="Number">The number.</param>
public sealed record EnumValue(ValueTypes Type, byte[] Text, double Number);

/// <summary>
/// What a value has to be: the part of JSON Schema that is checked. Made by <see cref="ApiReader"/>, and then never
/// changed; schemas may refer to each other in circles.
/// </summary>
public sealed class ValueSchema
{
    /// <summary>Anything.</summary>
    public static ValueSchema Any { get; } = new();

    /// <summary>Nothing is valid (<c>false</c>).</summary>
    public bool IsNever { get; internal set; }

    /// <summary>Nothing but the schema's types is asked.</summary>
    public ValueTypes Types { get; internal set; }

    /// <summary>Values that are allowed; null: no enumeration.</summary>
    public IReadOnlyList<EnumValue>? Enum { get; internal set; }

    public double? Minimum { get; internal set; }
    public double? Maximum { get; internal set; }
    public bool IsMinimumExclusive { get; internal set; }
    public bool IsMaximumExclusive { get; internal set; }
    public decimal? MultipleOf { get; internal set; }

    /// <summary>Least characters (code points).</summary>
    public int LengthMin { get; internal set; }

    /// <summary>Most characters (code points).</summary>
    public int LengthMax { get; internal set; } = int.MaxValue;

    /// <summary>Matches in time linear in the value.</summary>
    public Regex? Pattern { get; internal set; }
    public ValueFormat Format { get; internal set; }

    public ValueSchema? Items { get; internal set; }
    public int ItemsMin { get; internal set; }
    public int ItemsMax { get; internal set; } = int.MaxValue;

    public PropertyTable Properties { get; internal set; } = PropertyTable.Empty;

    /// <summary>Members that are not described; null: anything.</summary>
    public ValueSchema? Additional { get; internal set; }
    public int PropertiesMin { get; internal set; }
    public int PropertiesMax { get; internal set; } = int.MaxValue;

    public IReadOnlyList<ValueSchema> AllOf { get; internal set; } = [];
    public IReadOnlyList<ValueSchema> AnyOf { get; internal set; } = [];
    public IReadOnlyList<ValueSchema> OneOf { get; internal set; } = [];
    public ValueSchema? Not { get; internal set; }

    /// <summary>Only responses have it.</summary>
    public bool IsReadOnly { get; internal set; }

    /// <summary>There are schemas to ask about the same value.</summary>
    public bool IsCombined => AllOf.Count + AnyOf.Count + OneOf.Count > 0 || Not is not null;

    /// <summary>Something is asked of a text beside its type.</summary>
    public bool ChecksText => LengthMin > 0 || LengthMax < int.MaxValue || Pattern is not null
        || Format > ValueFormat.Int64 || Enum is not null;

    /// <summary>The schemas that are asked about the same value.</summary>
    internal IEnumerable<ValueSchema> InPlace()
    {
        var all = AllOf.Concat(AnyOf).Concat(OneOf);
        return Not is null ? all : all.Append(Not);
    }
}
