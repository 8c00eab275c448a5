using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Watching;

/// <summary>
/// The last known state of one kind of object. Written by its informer only, read by anybody at any time. An object
/// that became unreadable keeps its last readable state, and is listed as unreadable.
/// </summary>
public sealed class InformerCache<TObject>
    where TObject : class, IKubernetesObject
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamespacedName, TObject> _objects = [];
    private readonly Dictionary<NamespacedName, string> _unreadable = [];
    private readonly List<InformerIndex<TObject>> _indexes = [];

    internal InformerCache() => ByNamespace = AddIndex(static o => [o.Metadata.Namespace ?? ""]);

    /// <summary>The objects of one namespace.</summary>
    public InformerIndex<TObject> ByNamespace { get; }

    public int Count
    {
        get
        {
            lock (_lock) return _objects.Count;
        }
    }

    /// <summary>The object, or null when it does not exist as far as is known.</summary>
    public TObject? Get(NamespacedName key)
    {
        lock (_lock) return _objects.GetValueOrDefault(key);
    }

    /// <summary>All objects, in no particular order.</summary>
    public IReadOnlyList<TObject> List()
    {
        lock (_lock) return [.. _objects.Values];
    }

    /// <summary>Why the object in the cluster cannot be read, or null when it can.</summary>
    public string? ProblemOf(NamespacedName key)
    {
        lock (_lock) return _unreadable.GetValueOrDefault(key);
    }

    /// <summary>The keys of all objects that cannot be read as they are now.</summary>
    public IReadOnlyList<NamespacedName> UnreadableKeys()
    {
        lock (_lock) return [.. _unreadable.Keys];
    }

    /// <summary>Adds an index; may be called at any time. The function must be pure and must not throw.</summary>
    public InformerIndex<TObject> AddIndex(Func<TObject, IEnumerable<string>> values)
    {
        var index = new InformerIndex<TObject>(_lock, values);
        lock (_lock)
        {
            foreach (var (key, value) in _objects) index.Replace(key, null, value);
            _indexes.Add(index);
        }

        return index;
    }

    /// <summary>Makes the cache equal to a list; the changes that took, deletions among them.</summary>
    internal List<InformerChange<TObject>> Replace(ResourceList<TObject> list)
    {
        var changes = new List<InformerChange<TObject>>();
        lock (_lock)
        {
            var seen = new HashSet<NamespacedName>();
            foreach (var item in list.Items)
            {
                seen.Add(item.Metadata.Key);
                if (Put(item) is { } change) changes.Add(change);
            }

            foreach (var item in list.Unreadable)
            {
                seen.Add(item.Metadata.Key);
                changes.Add(Mark(item.Metadata.Key, item.Problem));
            }

            var known = _objects.Keys.Concat(_unreadable.Keys).Distinct();
            foreach (var key in known.Where(key => !seen.Contains(key)).ToList()) changes.Add(Remove(key));
        }

        return changes;
    }

    /// <summary>Applies one event; null when it changes nothing.</summary>
    internal InformerChange<TObject>? Apply(WatchEvent<TObject> e)
    {
        lock (_lock)
        {
            return e switch
            {
                WatchEvent<TObject>.Changed changed => Put(changed.Value),
                WatchEvent<TObject>.Deleted deleted => Remove(deleted.Value.Metadata.Key, deleted.Value),
                WatchEvent<TObject>.Unreadable { IsDeleted: true } gone => Remove(gone.Metadata.Key),
                WatchEvent<TObject>.Unreadable bad => Mark(bad.Metadata.Key, bad.Problem),
                _ => null,
            };
        }
    }

    private InformerChange<TObject>? Put(TObject next)
    {
        var key = next.Metadata.Key;
        var recovered = _unreadable.Remove(key);
        var previous = _objects.GetValueOrDefault(key);
        var same = previous is not null
            && previous.Metadata.ResourceVersion == next.Metadata.ResourceVersion
            && previous.Metadata.Uid == next.Metadata.Uid;
        if (same && !recovered) return null;
        _objects[key] = next;
        foreach (var index in _indexes) index.Replace(key, previous, next);
        return new InformerChange<TObject>(key, next, previous);
    }

    private InformerChange<TObject> Remove(NamespacedName key, TObject? last = null)
    {
        _unreadable.Remove(key);
        _objects.Remove(key, out var previous);
        foreach (var index in _indexes) index.Replace(key, previous, null);
        return new InformerChange<TObject>(key, null, last ?? previous);
    }

    private InformerChange<TObject> Mark(NamespacedName key, string problem)
    {
        _unreadable[key] = problem;
        var kept = _objects.GetValueOrDefault(key);
        return new InformerChange<TObject>(key, kept, kept);
    }
}
