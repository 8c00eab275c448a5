using System.Globalization;

namespace WafOperator.Resources.Manifests;

/// <summary>
/// Where a value of a text stands, and the values in it: a tree like the value itself, so that it takes memory in
/// proportion to the text. Paths of long nested keys would take its square.
/// </summary>
internal sealed class YamlPlaces(SourcePosition position)
{
    private Dictionary<string, YamlPlaces>? _members;
    private List<YamlPlaces>? _items;

    public SourcePosition Position { get; } = position;

    public void Add(string key, YamlPlaces place) => (_members ??= new(StringComparer.Ordinal)).Add(key, place);

    public void Add(YamlPlaces item) => (_items ??= []).Add(item);

    public YamlPlaces? Member(string key) => _members?.GetValueOrDefault(key);

    /// <summary>
    /// The place of a path such as <c>spec.routes[2].mode</c>, or of the nearest parent that was written down. Keys may
    /// hold dots and brackets.
    /// </summary>
    public YamlPlaces Find(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty) return this;
        if (path[0] == '[') return Item(path);
        if (_members is null) return this;
        var members = _members.GetAlternateLookup<ReadOnlySpan<char>>();
        if (members.TryGetValue(path, out var whole)) return whole;
        var end = 0;
        while (end < path.Length)
        {
            var next = path[(end + 1)..].IndexOfAny('.', '[');
            end = next < 0 ? path.Length : end + 1 + next;
            if (members.TryGetValue(path[..end], out var member))
                return member.Find(path[end..] is ['.', ..] ? path[(end + 1)..] : path[end..]);
        }

        return this;
    }

    private YamlPlaces Item(ReadOnlySpan<char> path)
    {
        var end = path.IndexOf(']');
        if (end < 0 || !int.TryParse(path[1..end], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || _items is null || index >= _items.Count) return this;
        var rest = path[(end + 1)..];
        return _items[index].Find(rest is ['.', ..] ? rest[1..] : rest);
    }
}
