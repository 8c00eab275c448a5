using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Watching;

/// <summary>
/// Finds the objects of a cache by a value computed from each (a label, an owner's uid, a node). Guarded by the lock of
/// the cache it belongs to.
/// </summary>
public sealed class InformerIndex<TObject>
    where TObject : class, IKubernetesObject
{
    private readonly Lock _lock;
    private readonly Func<TObject, IEnumerable<string>> _values;
    private readonly Dictionary<string, Dictionary<NamespacedName, TObject>> _objects = new(StringComparer.Ordinal);

    internal InformerIndex(Lock cacheLock, Func<TObject, IEnumerable<string>> values)
    {
        _lock = cacheLock;
        _values = values;
    }

    /// <summary>The objects with this value, in no particular order.</summary>
    public IReadOnlyList<TObject> Find(string value)
    {
        lock (_lock) return _objects.TryGetValue(value, out var found) ? [.. found.Values] : [];
    }

    internal void Replace(NamespacedName key, TObject? previous, TObject? next)
    {
        if (previous is not null)
        {
            foreach (var value in _values(previous))
            {
                if (!_objects.TryGetValue(value, out var set)) continue;
                set.Remove(key);
                if (set.Count == 0) _objects.Remove(value);
            }
        }

        if (next is null) return;
        foreach (var value in _values(next))
        {
            if (!_objects.TryGetValue(value, out var set)) _objects[value] = set = [];
            set[key] = next;
        }
    }
}
