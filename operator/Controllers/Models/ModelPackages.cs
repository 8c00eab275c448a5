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

    Task PutAsync(ReadOnlyMemory<byte> package, string digest, CancellationToken cancellationToken);
}

/// <summary>
/// Fetches and verifies the package of each ModelVersion and keeps it for sidecars: digest, size, signature, format,
/// operators, shapes. Runs on every replica, since every replica serves blobs; the leader reads the outcome.
/// </summary>
public sealed class ModelPackages(
    Informer<Resource<ModelVersion>> models, IReadOnlyList<IArtifactSource> sources, PublicKeys publicKeys,
        IPackageStore store,
    bool allowUnsigned) : IReconciler
{
    private const int TriesMax = 10;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RetryLaterAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<NamespacedName, (string Uid, StageResult Result, int Tries)> _results = new();

    /// <summary>Called with a version's key when its outcome is known.</summary>
    public event Action<NamespacedName>? Verified;

    /// <summary>Outcome for a version.</summary>
    public StageResult ResultOf(Resource<ModelVersion> version) =>
        _results.TryGetValue(version.Metadata.Key, out var known) && known.Uid == version.Metadata.Uid ? known.Result
            : StageResult.Unknown;

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
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
        var fetch = await source.FetchAsync(
            uri, version.Metadata.Namespace ?? "", artifact, ByteQuantity.Parse(artifact.SizeLimit), cancellationToken);
        if (fetch.IsUnderWay) return (new StageResult(StageOutcome.Running, fetch.Error), false);
        if (fetch.Content is not { } content) return (new StageResult(StageOutcome.Failed, fetch.Error), fetch.IsFinal);

        var reading = ModelPackageReader.Read(content, artifact.Digest, PackageLimits.Default);
        if (reading.Package is not { } package) return Refused(reading.Error!);
        if (await UnreadableKeyAsync(version, cancellationToken) is { } unreadable)
            return (new StageResult(StageOutcome.Failed, unreadable), false);
        var refusal = await CheckSignatureAsync(version, cancellationToken) ?? PackageRules.Refusal(package, spec);
        if (refusal is not null) return Refused(refusal);
        await store.PutAsync(content, artifact.Digest, cancellationToken);
        return (new StageResult(StageOutcome.Succeeded, $"{content.Length} bytes, {package.Manifest.Kind}"), true);
    }

    private async Task<string?> CheckSignatureAsync(Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        var artifact = version.Value.Spec.Artifact;
        if (artifact.Signature is not { } signature)
            return allowUnsigned ? null
                : "unsigned packages are not allowed by this installation; sign it and set spec.artifact.signature";
        var keys = await publicKeys.ReadAsync(
            version.Metadata.Namespace ?? "", [signature.PublicKeySecret], cancellationToken);
        return PackageSignature.Check(
            artifact.Digest, signature.Value, keys.GetValueOrDefault(signature.PublicKeySecret, ""));
    }

    /// <summary>The Secret may come later, and so may the right to read it.</summary>
    private async Task<string?> UnreadableKeyAsync(Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        if (version.Value.Spec.Artifact.Signature?.PublicKeySecret is not { } secret) return null;
        var ns = version.Metadata.Namespace ?? "";
        var keys = await publicKeys.ReadAsync(ns, [secret], cancellationToken);
        return keys.ContainsKey(secret) ? null
            : $"Secret {ns}/{secret} with the key publicKey cannot be read: create it, and let the operator get it "
                + "(a Role in this namespace, or rbac.readSecrets in the chart)";
    }

    private static (StageResult, bool) Refused(string reason) => (new StageResult(StageOutcome.Failed, reason), true);
}
