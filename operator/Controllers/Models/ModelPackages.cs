using System.Collections.Concurrent;
using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;
using WafOperator.Resources.Quantities;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>Where verified packages are kept and served from.</summary>
public interface IPackageStore
{
    bool Contains(string digest);

    /// <summary>Keeps a package for a namespace; null when it did, else why there is no room.</summary>
    Task<string?> PutAsync(
        ReadOnlyMemory<byte> package, string digest, string ns, CancellationToken cancellationToken);
}

/// <summary>A verified package of a namespace.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Digest">The package.</param>
/// <param name="IsInUse">It serves or may serve soon; others are fetched again when they are wanted.</param>
public sealed record PackageUse(string Namespace, string Digest, bool IsInUse);

/// <summary>
/// Fetches and verifies the package of each ModelVersion and keeps it for sidecars: digest, size, signature, format,
/// operators, shapes. Runs on every replica, since every replica serves blobs; the leader reads the outcome. Its loop
/// works on one version of a namespace at a time; a version that is deleted ends its fetch; one package at a time is in
/// memory.
/// </summary>
public sealed class ModelPackages(
    Informer<Resource<ModelVersion>> models, IReadOnlyList<IArtifactSource> sources, PublicKeys publicKeys,
        IPackageStore store,
    PackageTrust trust) : IReconciler
{
    private const int TriesMax = 10;
    /// <summary>Packages are as large as the process's memory allows: one at a time.</summary>
    private static readonly SemaphoreSlim Reading = new(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RetryLaterAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<NamespacedName, (string Uid, StageResult Result, int Tries)> _results = new();
    private readonly ConcurrentDictionary<NamespacedName, CancellationTokenSource> _fetching = new();

    /// <summary>Called with a version's key when its outcome is known.</summary>
    public event Action<NamespacedName>? Verified;

    /// <summary>Outcome for a version.</summary>
    public StageResult ResultOf(Resource<ModelVersion> version) =>
        _results.TryGetValue(version.Metadata.Key, out var known) && known.Uid == version.Metadata.Uid ? known.Result
            : StageResult.Unknown;

    /// <summary>
    /// Packages that namespaces own: this process fetched each from the namespace's own artifact. To know a digest is
    /// not enough.
    /// </summary>
    public IEnumerable<PackageUse> Uses() => models.Cache.List()
        .Where(version => ResultOf(version).Outcome is StageOutcome.Succeeded && !version.Metadata.IsBeingDeleted)
        .Select(UseOf);

    /// <summary>True when a verified version of the namespace has this package.</summary>
    public bool IsOf(string ns, string digest) => models.Cache.ByNamespace.Find(ns).Any(
        version => version.Value.Spec.Artifact.Digest == digest && !version.Metadata.IsBeingDeleted
            && ResultOf(version).Outcome is StageOutcome.Succeeded);

    private static PackageUse UseOf(Resource<ModelVersion> version) => new(
        version.Metadata.Key.Namespace, version.Value.Spec.Artifact.Digest,
        version.Value.Status?.Phase is not (ModelPhase.Superseded or ModelPhase.RolledBack or ModelPhase.Failed));

    /// <summary>Order of work after a start: what serves traffic comes before what is to be tried.</summary>
    public int RankOf(NamespacedName key) => models.Cache.Get(key)?.Value.Status?.Phase switch
    {
        ModelPhase.Promoted => 0,
        ModelPhase.Shadow or ModelPhase.Canary => 1,
        _ => 2,
    };

    /// <summary>Ends the fetch of a version that is gone or on its way out.</summary>
    public void Observe(InformerChange<Resource<ModelVersion>> change)
    {
        if (change.Current is { Metadata.IsBeingDeleted: false }) return;
        if (!_fetching.TryGetValue(change.Key, out var fetch)) return;
        try
        {
            fetch.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself.
        }
    }

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        using var fetch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _fetching[key] = fetch;
        try
        {
            return await ReconcileOneAsync(key, fetch.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _results.TryRemove(key, out _);
            return ReconcileResult.Done;
        }
        finally
        {
            _fetching.TryRemove(key, out _);
        }
    }

    private async ValueTask<ReconcileResult> ReconcileOneAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var version = models.Cache.Get(key);
        if (version is null || version.Metadata.IsBeingDeleted)
        {
            _results.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var phase = version.Value.Status?.Phase ?? ModelPhase.Pending;
        if (phase is ModelPhase.Pending or ModelPhase.Failed or ModelPhase.RolledBack) return ReconcileResult.Done;
        var known = ResultOf(version);
        if (known.Outcome is StageOutcome.Failed
            || (known.Outcome is StageOutcome.Succeeded && store.Contains(version.Value.Spec.Artifact.Digest)))
            return ReconcileResult.Done;

        var tries = _results.TryGetValue(key, out var before) && before.Uid == version.Metadata.Uid ? before.Tries + 1
            : 1;
        var (result, isFinal) = await VerifyAsync(version, cancellationToken);
        if (result.Outcome is StageOutcome.Running) tries--;
        // What was verified before is only fetched anew, by a process that is new: as often as it takes.
        if (result.Outcome is StageOutcome.Failed && !isFinal
            && (tries < TriesMax || phase is not ModelPhase.Verifying))
            result = new StageResult(StageOutcome.Running, $"{result.Message}; trying again ({tries} of {TriesMax})");
        _results[key] = (version.Metadata.Uid, result, tries);
        Verified?.Invoke(key);
        return result.Outcome is not StageOutcome.Running ? ReconcileResult.Done
            : ReconcileResult.After(tries <= TriesMax ? RetryAfter : RetryLaterAfter);
    }

    private async Task<(StageResult Result, bool IsFinal)> VerifyAsync(
        Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        var spec = version.Value.Spec;
        var artifact = spec.Artifact;
        if (!Uri.TryCreate(artifact.Uri, UriKind.Absolute, out var uri)) return Refused($"{artifact.Uri} is not a URI");
        var source = sources.FirstOrDefault(s => s.Schemes.Contains(uri.Scheme));
        if (source is null)
            return Refused($"this operator has no source for {uri.Scheme}://; it has {string.Join(", ", sources.SelectMany(s => s.Schemes))}");
        var bytesMax = Math.Min(ByteQuantity.Parse(artifact.SizeLimit), PackageLimits.Default.ArchiveBytesMax);
        var fetch = await source.FetchAsync(
            new WantedArtifact(uri, version.Metadata.Namespace ?? "", artifact, bytesMax), cancellationToken);
        if (fetch.IsUnderWay) return (new StageResult(StageOutcome.Running, fetch.Error), false);
        if (fetch.Content is not { } content) return (new StageResult(StageOutcome.Failed, fetch.Error), fetch.IsFinal);
        await using (content)
        {
            // What came instead is nobody's business: its digest would tell what stands at an address.
            if (!string.Equals(content.Digest, artifact.Digest, StringComparison.OrdinalIgnoreCase))
                return Refused("what is at spec.artifact.uri has another digest than spec.artifact.digest");
            await Reading.WaitAsync(cancellationToken);
            try
            {
                return await VerifyAsync(version, await content.ReadAsync(cancellationToken), cancellationToken);
            }
            finally
            {
                Reading.Release();
            }
        }
    }

    private async Task<(StageResult Result, bool IsFinal)> VerifyAsync(
        Resource<ModelVersion> version, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var spec = version.Value.Spec;
        var artifact = spec.Artifact;
        var reading = ModelPackageReader.Read(content, artifact.Digest, PackageLimits.Default);
        if (reading.Package is not { } package) return Refused(reading.Error!);
        if (await UnreadableKeyAsync(version, cancellationToken) is { } unreadable)
            return (new StageResult(StageOutcome.Failed, unreadable), false);
        var refusal = await CheckSignatureAsync(version, cancellationToken) ?? PackageRules.Refusal(package, spec);
        if (refusal is not null) return Refused(refusal);
        var ns = version.Metadata.Key.Namespace;
        if (await store.PutAsync(content, artifact.Digest, ns, cancellationToken) is { } noRoom)
            return (new StageResult(StageOutcome.Failed, noRoom), false);
        return (new StageResult(StageOutcome.Succeeded, $"{content.Length} bytes, {package.Manifest.Kind}"), true);
    }

    private async Task<string?> CheckSignatureAsync(Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        var spec = version.Value.Spec;
        var signature = spec.Artifact.Signature;
        var keys = signature is null ? null : await KeysAsync(version, signature, cancellationToken);
        return trust.Refusal(
            new PackageIdentity(spec.Model, spec.Version, spec.Artifact.Digest), signature?.Value, keys);
    }

    private async Task<string?> KeysAsync(
        Resource<ModelVersion> version, ModelSignature signature, CancellationToken cancellationToken)
    {
        var keys = await publicKeys.ReadAsync(
            version.Metadata.Namespace ?? "", PublicKeys.NamesOf(signature), cancellationToken);
        return keys.GetValueOrDefault(PublicKeys.NameOf(signature));
    }

    /// <summary>The Secret may come later, and so may the right to read it.</summary>
    private async Task<string?> UnreadableKeyAsync(Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        if (!trust.AllowsUnsigned || version.Value.Spec.Artifact.Signature is not { PublicKeySecret: { } secret } signature)
            return null;
        var ns = version.Metadata.Namespace ?? "";
        return await KeysAsync(version, signature, cancellationToken) is not null ? null
            : $"Secret {ns}/{secret} with the key publicKey cannot be read: create it, and let the operator get it "
                + "(a Role in this namespace, or rbac.readSecrets in the chart)";
    }

    private static (StageResult, bool) Refused(string reason) => (new StageResult(StageOutcome.Failed, reason), true);
}
