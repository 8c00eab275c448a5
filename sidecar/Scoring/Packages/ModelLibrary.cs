using System.Collections.Concurrent;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring.Packages;

/// <summary>Where package bytes come from: a folder, a cache on the volume, the operator.</summary>
public interface IPackageSource
{
    /// <summary>The bytes, or null when this source does not have them.</summary>
    Task<ReadOnlyMemory<byte>?> FetchAsync(ModelBlob blob, CancellationToken cancellationToken);
}

/// <summary>
/// The loaded models of this process, by digest. A model is loaded once however many policies and arms use it; what no policy names any
/// more is released after a grace period, when requests that still used it have ended. Thread-safe.
/// </summary>
public sealed class ModelLibrary(
    IReadOnlyList<IPackageSource> sources, ValueModelLoader loader, TimeProvider time, IRemoteModels? remote = null)
{
    /// <summary>Longer than any request is inspected.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private volatile string[] _withoutPackage = [];

    /// <summary>The loaded model, or null.</summary>
    public ValueModel? Find(ModelBlob? blob) =>
        blob is not null && _entries.TryGetValue(blob.Digest, out var entry) ? entry.Model : null;

    /// <summary>Why <see cref="Find"/> has no model for a blob; none when it has one.</summary>
    public ModelGaps GapOf(ModelBlob? blob)
    {
        if (Find(blob) is not null) return ModelGaps.None;
        if (blob is { InPool: true }) return ModelGaps.Pool;
        var isLoading = blob is not null
            && (!_entries.TryGetValue(blob.Digest, out var entry) || entry is { IsRefused: false, Error: null });
        return isLoading ? ModelGaps.Cold : ModelGaps.Missing;
    }

    /// <summary>State of each known model, for the status endpoint.</summary>
    public IReadOnlyList<ModelStatus> Statuses() =>
    [
        .. _entries.Values.Select(e => new ModelStatus
        {
            Model = e.Family,
            Version = e.Blob.Version,
            Digest = e.Blob.Digest,
            State = e.Model is not null ? "Loaded" : e.IsRefused ? "Failed" : e.Error is null ? "Loading" : "Missing",
            Message = e.Error,
        }),
        .. _withoutPackage.Select(family => new ModelStatus
        {
            Model = family, Version = "", Digest = "", State = "Missing",
            Message = "the policy names the family, and no version of it is promoted",
        }),
    ];

    /// <summary>
    /// Makes all models of a policy ready that can be made ready, and lets go of those that it does not name. Failures are in
    /// <see cref="Statuses"/>; they never throw.
    /// </summary>
    public async Task PrepareAsync(MlPolicy? policy, CancellationToken cancellationToken)
    {
        var wanted = (policy?.Models ?? [])
            .SelectMany(m => new[] { (m.Model, Blob: m.Baseline), (m.Model, Blob: m.Candidate) })
            .Where(m => m.Blob is not null)
            .Select(m => (m.Model, Blob: m.Blob!))
            .ToList();
        _withoutPackage =
            [.. (policy?.Models ?? []).Where(m => m is { Baseline: null, Candidate: null }).Select(m => m.Model)];
        if (policy?.PoolUrl is { } poolUrl) remote?.Use(poolUrl, policy.PoolKey);
        foreach (var (family, blob) in wanted)
        {
            if (blob.InPool) await FindInPoolAsync(policy!.PoolUrl, family, blob, cancellationToken);
            else await LoadAsync(family, blob, cancellationToken);
        }

        Release(wanted.Select(w => w.Blob.Digest).ToHashSet());
    }

    /// <summary>The pool has the bytes; what its logits mean is asked of it, and the signature is checked here.</summary>
    private async Task FindInPoolAsync(
        string? poolUrl, string family, ModelBlob blob, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(blob.Digest, _ => new Entry(family, blob));
        if (entry.Model is { IsRemote: true } && entry.IsAcceptedAs(blob)) return;
        var loading = poolUrl is null || remote is null
            ? new ModelLoading(null, "the model runs in a pool, and the policy names none that exists")
            : await remote.DescribeAsync(poolUrl, family, blob, cancellationToken);
        entry.Set(loading.Model, blob, loading.Error, loading.IsRefused);
    }

    private async Task LoadAsync(string family, ModelBlob blob, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(blob.Digest, _ => new Entry(family, blob));
        if (entry.Model is not null && entry.IsAcceptedAs(blob)) return;
        entry.Error = null;
        var problem = $"no source has the package {blob.Digest}";
        foreach (var source in sources)
        {
            try
            {
                if (await source.FetchAsync(blob, cancellationToken) is not { } archive) continue;
                var loading = loader.Load(archive, blob);
                entry.Set(loading.Model, blob, loading.Error, isRefused: loading.Model is null);
                if (loading.Model is not null) return;
                problem = null;
            }
            catch (Exception failure) when (failure is IOException or HttpRequestException or UnauthorizedAccessException)
            {
                problem = problem is null ? null : failure.Message;
            }
        }

        // What could not be had says nothing against the package; another try may bring it.
        if (problem is not null) entry.Error = problem;
    }

    private void Release(HashSet<string> wanted)
    {
        var now = time.GetUtcNow();
        foreach (var (digest, entry) in _entries)
        {
            if (wanted.Contains(digest)) entry.UnusedSince = null;
            else if (entry.UnusedSince is not { } since) entry.UnusedSince = now;
            else if (now - since > Grace && _entries.TryRemove(digest, out _)) entry.Model?.Dispose();
        }
    }

    private sealed class Entry(string family, ModelBlob blob)
    {
        public string Family { get; } = family;

        public ModelBlob Blob { get; private set; } = blob;

        public ValueModel? Model { get; private set; }

        public string? Error { get; set; }

        public DateTimeOffset? UnusedSince { get; set; }

        /// <summary>The same bytes may be asked for with another signature or version, which must then be checked.</summary>
        public bool IsAcceptedAs(ModelBlob other) =>
            other.Signature == Blob.Signature && other.PublicKeyPem == Blob.PublicKeyPem && other.Version == Blob.Version
            && other.InPool == Blob.InPool;

        /// <summary>The bytes were there and cannot be used.</summary>
        public bool IsRefused { get; private set; }

        public void Set(ValueModel? model, ModelBlob blob, string? error, bool isRefused)
        {
            (Blob, Error, IsRefused) = (blob, error, isRefused);
            Model = model;
        }
    }
}
