using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace WafOperator.OpenApi;

/// <summary>What is shared while one document is read: references, patterns, remarks, and how much there was.</summary>
internal sealed class DocumentScope(DocumentCursor root, string version)
{
    private const string Local = "#/";
    private readonly Dictionary<string, Regex> _patterns = new(StringComparer.Ordinal);
    private readonly List<ApiRemark> _remarks = [];
    private readonly HashSet<(int, string)> _said = [];
    private readonly Dictionary<int, Dictionary<string, JsonElement>> _members = [];
    private int _schemas;

    public string Version { get; } = version;

    /// <summary>3.1 and newer: JSON Schema as it stands, words beside a reference count.</summary>
    public bool IsModern { get; } = !version.StartsWith("3.0", StringComparison.Ordinal);

    public IReadOnlyList<ApiRemark> Remarks => _remarks;
    public int RemarkCount => _said.Count;

    /// <summary>Something that the document says and nobody checks.</summary>
    public void Remark(DocumentCursor at, string message)
    {
        if (_said.Count < 100_000 && _said.Add((OffsetOf(at), message)) && _remarks.Count < ApiLimits.RemarksMax)
            _remarks.Add(new(at.Place.ToString(), message));
    }

    /// <summary>Where a value begins in the text, in bytes: the same however it was come upon.</summary>
    public int OffsetOf(DocumentCursor at)
    {
        var all = JsonMarshal.GetRawUtf8Value(root.Value);
        return all.Overlaps(JsonMarshal.GetRawUtf8Value(at.Value), out var offset) ? offset
            : throw new InvalidOperationException("a value of another document");
    }

    public void CountSchema(DocumentCursor at)
    {
        if (++_schemas > ApiLimits.SchemasMax)
            throw at.Refuse($"the document has more than {ApiLimits.SchemasMax} schemas");
    }

    /// <summary>Follows references until a value that is none. Schemas follow their own.</summary>
    public DocumentCursor Resolve(DocumentCursor at)
    {
        for (var hops = 0; at.Find("$ref") is { } reference; hops++)
        {
            if (hops == ApiLimits.ReferenceHopsMax) throw at.Refuse("refers to itself, or by too many references");
            at = Target(reference);
        }

        return at;
    }

    /// <summary>What a reference names. Nothing outside the document is ever read.</summary>
    public DocumentCursor Target(DocumentCursor reference)
    {
        var pointer = reference.Text();
        if (pointer == "#") return root;
        if (!pointer.StartsWith(Local, StringComparison.Ordinal))
            throw reference.Refuse($"\"{Shown(pointer)}\" is outside this document: bring everything into one file");
        var at = root;
        foreach (var part in pointer[Local.Length..].Split('/'))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            at = (at.Value.ValueKind is JsonValueKind.Array && int.TryParse(name, out var index)
                ? at.Items().Skip(index).Take(1).Select(item => (DocumentCursor?)item).FirstOrDefault()
                : Member(at, name)) ?? throw reference.Refuse($"\"{Shown(pointer)}\" names nothing");
        }

        return at;
    }

    /// <summary>
    /// A member, found by a table: an object with ten thousand schemas is not walked for each of as many references.
    /// </summary>
    private DocumentCursor? Member(DocumentCursor at, string name)
    {
        if (!at.IsObject) return null;
        var offset = OffsetOf(at);
        if (!_members.TryGetValue(offset, out var members))
        {
            _members[offset] = members = new(StringComparer.Ordinal);
            foreach (var member in at.Value.EnumerateObject()) members[member.Name] = member.Value;
        }

        return members.TryGetValue(name, out var value) ? new(value, new(at.Place, name)) : null;
    }

    /// <summary>A pattern; the same object for the same text.</summary>
    public Regex Pattern(DocumentCursor at)
    {
        var text = at.Text();
        if (_patterns.TryGetValue(text, out var known)) return known;
        if (_patterns.Count == ApiLimits.PatternsMax)
            throw at.Refuse($"the document has more than {ApiLimits.PatternsMax} different patterns");
        var (regex, refusal) = PatternText.Compile(text);
        return _patterns[text] = regex ?? throw at.Refuse(refusal!);
    }

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
