using System.Globalization;
using System.Text.Json;

namespace WafOperator.OpenApi;

/// <summary>The document cannot be used; caught by <see cref="ApiReader"/>.</summary>
internal sealed class RefusedDocumentException(string place, string message) : Exception(message)
{
    public string Place { get; } = place;
}

/// <summary>
/// Where a value stands: its name or number, and where that stands. Written out only for people, as long nested names
/// would take the square of the document's length.
/// </summary>
/// <param name="Parent">The object or list; null: the whole document.</param>
/// <param name="Name">Name in an object.</param>
/// <param name="Index">Number in a list.</param>
internal sealed record DocumentPlace(DocumentPlace? Parent = null, string? Name = null, int Index = 0)
{
    /// <summary>Characters of a name that are shown.</summary>
    private const int NameShownMax = 80;

    /// <summary>Names that are shown, the innermost: places are told in conditions, which have a bound.</summary>
    private const int NamesShownMax = 12;

    /// <summary>A JSON pointer; where it is long, its end.</summary>
    public override string ToString()
    {
        var text = "";
        var at = this;
        for (var i = 0; at.Parent is not null; i++)
        {
            if (i == NamesShownMax) return "…" + text;
            text = $"/{at.Shown()}{text}";
            at = at.Parent;
        }

        return text;
    }

    private string Shown()
    {
        if (Name is null) return Index.ToString(CultureInfo.InvariantCulture);
        var name = Name.Length <= NameShownMax ? Name : Name[..NameShownMax] + "…";
        return name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
    }
}

/// <summary>A value of the document and where it stands.</summary>
/// <param name="Value">The value.</param>
/// <param name="Place">Where it stands.</param>
internal readonly record struct DocumentCursor(JsonElement Value, DocumentPlace Place)
{
    public bool IsObject => Value.ValueKind is JsonValueKind.Object;

    /// <summary>Name and value of each member; an error where this is no object.</summary>
    public IEnumerable<(string Name, DocumentCursor At)> Members()
    {
        if (!IsObject) throw Refuse("is not an object");
        var place = Place;
        return Value.EnumerateObject().Select(member =>
            (member.Name, new DocumentCursor(member.Value, new(place, member.Name))));
    }

    /// <summary>Items; an error where this is no list.</summary>
    public IEnumerable<DocumentCursor> Items()
    {
        if (Value.ValueKind is not JsonValueKind.Array) throw Refuse("is not a list");
        var place = Place;
        return Value.EnumerateArray().Select((item, index) => new DocumentCursor(item, new(place, null, index)));
    }

    /// <summary>A member, or null when it is not there.</summary>
    public DocumentCursor? Find(string name) =>
        IsObject && Value.TryGetProperty(name, out var value) ? new(value, new(Place, name)) : null;

    /// <summary>A text; an error where it is none, or longer than names are.</summary>
    public string Text()
    {
        if (Value.ValueKind is not JsonValueKind.String) throw Refuse("is not a text");
        return Value.GetString()!;
    }

    /// <summary>A text that names something.</summary>
    public string Name()
    {
        var text = Text();
        if (text.Length is 0 or > ApiLimits.NameLengthMax)
            throw Refuse($"has {text.Length} characters; names have 1 to {ApiLimits.NameLengthMax}");
        if (text.Any(char.IsControl)) throw Refuse("holds control characters");
        return text;
    }

    public bool Flag() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refuse("is not true or false"),
    };

    /// <summary>A number that is no fraction and not negative.</summary>
    public int Count()
    {
        if (Value.ValueKind is JsonValueKind.Number && Value.TryGetDouble(out var number) && number >= 0
            && number == Math.Floor(number)) return (int)Math.Min(number, int.MaxValue);
        throw Refuse("is not a whole number that is 0 or more");
    }

    public double Number() => Value.ValueKind is JsonValueKind.Number && Value.TryGetDouble(out var number)
        ? number : throw Refuse("is not a number");

    public RefusedDocumentException Refuse(string message) => new(Place.ToString(), message);
}
