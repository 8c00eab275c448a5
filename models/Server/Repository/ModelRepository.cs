using System.Collections.Concurrent;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Repository;

/// <summary>A model that the caller must release, or why there is none.</summary>
internal readonly record struct ModelLookup(ServedModel? Model, InferenceErrorCode Error, string? Message);

/// <summary>
/// The models of this server by name and version. Looking one up takes no lock; changes are made by one loop at a
/// time. A replaced model serves until its successor is loaded, and is disposed of when its last request has ended.
/// Thread-safe.
/// </summary>
internal sealed class ModelRepository
{
    private readonly ConcurrentDictionary<(string Model, string Version), Entry> _entries = new();
    private volatile Dictionary<string, string[]> _readyVersions = new(StringComparer.Ordinal);

    /// <summary>Models that are known.</summary>
    public int Count => _entries.Count;

    /// <summary>Finds a loaded model and holds it. Without a version: the highest that is loaded.</summary>
    public ModelLookup Acquire(string model, string? version)
    {
        version ??= _readyVersions.TryGetValue(model, out var ready) ? ready[0] : null;
        if (version is null || !_entries.TryGetValue((model, version), out var entry))
        {
            var isKnown = version is null && _entries.Keys.Any(k => k.Model == model);
            return isKnown
                ? new(null, InferenceErrorCode.ModelNotReady, $"no version of the model {model} is loaded")
                : new(
                    null, InferenceErrorCode.ModelUnknown,
                    $"there is no model {model}{(version is null ? "" : $" {version}")}");
        }

        var served = entry.Served;
        if (served is not null && served.TryAcquire()) return new(served, default, null);
        // Between reading and holding it may have been replaced: once more, then it is gone.
        served = entry.Served;
        if (served is not null && served.TryAcquire()) return new(served, default, null);
        return new(null, InferenceErrorCode.ModelNotReady, entry.Reason ?? $"the model {model} {version} is loading");
    }

    /// <summary>Loaded versions of a model, highest first.</summary>
    public IReadOnlyList<string> ReadyVersions(string model) =>
        _readyVersions.TryGetValue(model, out var versions) ? versions : [];

    /// <summary>State of every model.</summary>
    public IReadOnlyList<PoolModelStatus> Statuses() =>
    [
        .. _entries.OrderBy(e => e.Key.Model, StringComparer.Ordinal)
            .ThenBy(e => e.Key.Version, SemanticVersionOrder.Instance)
            .Select(e => e.Value.StatusOf(e.Key)),
    ];

    /// <summary>Same bytes, same signature: nothing to load.</summary>
    public bool HasLoaded(PoolModel wanted) =>
        _entries.TryGetValue((wanted.Model, wanted.Package.Version), out var entry) && entry.Served is not null
        && entry.Served.Digest == wanted.Package.Digest && entry.Wanted.Package.Signature == wanted.Package.Signature
        && entry.Wanted.Package.PublicKeyPem == wanted.Package.PublicKeyPem;

    /// <summary>A model is wanted: it is listed from now on.</summary>
    public void Want(PoolModel wanted)
    {
        var entry = _entries.GetOrAdd((wanted.Model, wanted.Package.Version), _ => new Entry(wanted));
        if (!HasLoaded(wanted)) entry.Reason = null;
        entry.Wanted = wanted;
    }

    /// <summary>A wanted model is loaded.</summary>
    public void Put(PoolModel wanted, ServedModel model)
    {
        var entry = _entries.GetOrAdd((wanted.Model, wanted.Package.Version), _ => new Entry(wanted));
        var old = entry.Served;
        (entry.Wanted, entry.Reason, entry.Served) = (wanted, null, model);
        Refresh();
        old?.Release();
    }

    /// <summary>
    /// A wanted model cannot be loaded. Another package that was loaded under its name and version goes.
    /// </summary>
    public void Fail(PoolModel wanted, string reason)
    {
        if (!_entries.TryGetValue((wanted.Model, wanted.Package.Version), out var entry)) return;
        entry.Reason = reason;
        if (entry.Served is not { } old || old.Digest == wanted.Package.Digest) return;
        entry.Served = null;
        Refresh();
        old.Release();
    }

    /// <summary>Lets go of a model; false when there is none.</summary>
    public bool Remove(string model, string version)
    {
        if (!_entries.TryRemove((model, version), out var entry)) return false;
        Refresh();
        entry.Served?.Release();
        return true;
    }

    /// <summary>Name and version of every known model.</summary>
    public IReadOnlyList<(string Model, string Version)> Known() => [.. _entries.Keys];

    private void Refresh() => _readyVersions = _entries
        .Where(e => e.Value.Served is not null)
        .GroupBy(e => e.Key.Model, StringComparer.Ordinal)
        .ToDictionary(
            g => g.Key, g => g.Select(e => e.Key.Version).OrderDescending(SemanticVersionOrder.Instance).ToArray(),
            StringComparer.Ordinal);

    private sealed class Entry(PoolModel wanted)
    {
        private volatile PoolModel _wanted = wanted;
        private volatile ServedModel? _served;
        private volatile string? _reason;

        public PoolModel Wanted { get => _wanted; set => _wanted = value; }

        public ServedModel? Served { get => _served; set => _served = value; }

        public string? Reason { get => _reason; set => _reason = value; }

        public PoolModelStatus StatusOf((string Model, string Version) key) => new()
        {
            Model = key.Model,
            Version = key.Version,
            Digest = Served?.Digest ?? Wanted.Package.Digest,
            State = Served is not null ? "READY" : Reason is null ? "LOADING" : "UNAVAILABLE",
            Reason = Reason,
            IsRequired = Wanted.IsRequired,
            File = Served?.File,
            GoldenDifferenceMax = Served?.GoldenDifferenceMax,
            Rows = Served?.Rows ?? 0,
        };
    }
}
