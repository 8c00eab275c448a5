using System.Runtime.InteropServices;

namespace WafOperator.Http;

/// <summary>A list of small records that keeps its memory between requests. Not thread-safe.</summary>
public sealed class Entries<T>
    where T : struct
{
    private T[] _items = new T[8];

    /// <summary>How many entries there are.</summary>
    public int Count { get; private set; }

    /// <summary>An entry, by reference so that large records are not copied.</summary>
    public ref readonly T this[int index] => ref _items.AsSpan(0, Count)[index];

    /// <summary>The entries in the order they were read.</summary>
    public ReadOnlySpan<T> AsSpan() => new(_items, 0, Count);

    internal ref T Last => ref _items[Count - 1];

    internal ref T At(int index) => ref MemoryMarshal.GetReference(_items.AsSpan(index, 1));

    internal void Add(in T item)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count++] = item;
    }

    internal void Truncate(int count) => Count = Math.Min(Count, count);

    internal void Clear(int retainedMax = 4096)
    {
        Count = 0;
        if (_items.Length > retainedMax) _items = new T[8];
    }
}
