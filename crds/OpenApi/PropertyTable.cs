using System.Diagnostics.CodeAnalysis;

namespace WafOperator.OpenApi;

/// <summary>A member that an object's schema names.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Schema">What it has to be.</param>
/// <param name="RequiredIndex">Its number among those that must be there, or -1.</param>
/// <param name="IsDeclared">False: it is required and no more is said of it.</param>
public sealed record ValueProperty(string Name, ValueSchema Schema, int RequiredIndex, bool IsDeclared);

/// <summary>Members by their name in UTF-8. Immutable.</summary>
public sealed class PropertyTable
{
    private const int ListMax = 8;

    private readonly (byte[] Name, ValueProperty Property)[] _list;
    private readonly Dictionary<byte[], ValueProperty>.AlternateLookup<ReadOnlySpan<byte>>? _table;

    internal PropertyTable(IReadOnlyList<ValueProperty> properties)
    {
        All = properties;
        RequiredCount = properties.Count(property => property.RequiredIndex >= 0);
        _list = [.. properties.Select(property => (System.Text.Encoding.UTF8.GetBytes(property.Name), property))];
        if (_list.Length <= ListMax) return;
        var table = new Dictionary<byte[], ValueProperty>(_list.Length, Utf8Names.Comparer);
        foreach (var (name, property) in _list) table[name] = property;
        _table = table.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public static PropertyTable Empty { get; } = new([]);

    public IReadOnlyList<ValueProperty> All { get; }

    /// <summary>How many must be there.</summary>
    public int RequiredCount { get; }

    /// <summary>The member of a name, or null.</summary>
    public ValueProperty? Find(ReadOnlySpan<byte> name)
    {
        if (_table is { } table) return table.TryGetValue(name, out var found) ? found : null;
        foreach (var (known, property) in _list)
        {
            if (name.SequenceEqual(known)) return property;
        }

        return null;
    }
}

/// <summary>Names in UTF-8 as keys of dictionaries; hashes are different in each process.</summary>
public sealed class Utf8Names : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    private Utf8Names()
    {
    }

    public static Utf8Names Comparer { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x is null ? y is null : y is not null && x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }
}
