using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace WafOperator.Console.Access;

/// <summary>Answers by key for a while, a bounded number. Thread-safe.</summary>
/// <param name="max">Most that are kept; when there are more, those that are over go first, then all.</param>
/// <param name="keepFor">How long one counts.</param>
internal sealed class ShortMemory<T>(int max, TimeSpan keepFor)
{
    private readonly ConcurrentDictionary<string, (T Value, DateTimeOffset Until)> _entries = new();

    public bool TryFind(string key, DateTimeOffset now, [MaybeNullWhen(false)] out T value)
    {
        var isThere = _entries.TryGetValue(key, out var entry) && entry.Until > now;
        value = entry.Value;
        return isThere;
    }

    public void Add(string key, T value, DateTimeOffset now)
    {
        if (_entries.Count >= max)
        {
            foreach (var (old, entry) in _entries)
            {
                if (entry.Until <= now) _entries.TryRemove(old, out _);
            }

            if (_entries.Count >= max) _entries.Clear();
        }

        _entries[key] = (value, now + keepFor);
    }
}
