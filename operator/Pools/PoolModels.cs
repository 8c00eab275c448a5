using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Pools;

/// <summary>What a pool is there for (pure): the models that it serves, and who needs it.</summary>
public static class PoolModels
{
    private const string BuiltinScheme = "builtin://";
    private const int PreviousKept = 2;

    /// <summary>
    /// Versions whose <c>serving.pool</c> is this one, required first: those promoted, those in shadow or canary, and
    /// of each family the two that were superseded last, for an instant return.
    /// </summary>
    public static IReadOnlyList<PoolModel> Of(
        string pool, IEnumerable<ModelVersion> versions, IReadOnlyDictionary<string, string> publicKeys)
    {
        var here = versions.Where(v => IsServedBy(v, pool) && v.Metadata.DeletionTimestamp is null)
            .OrderBy(v => v.Spec.Model, StringComparer.Ordinal).ThenBy(v => v.Metadata.Name, StringComparer.Ordinal)
                .ToList();
        var promoted = here.Where(v => Phase(v) is ModelPhase.Promoted);
        var candidates = here.Where(v => Phase(v) is ModelPhase.Shadow or ModelPhase.Canary);
        var previous = here.Where(v => Phase(v) is ModelPhase.Superseded).GroupBy(v => v.Spec.Model)
            .SelectMany(family => family
                .OrderByDescending(v => v.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue).Take(PreviousKept));
        return
        [
            .. promoted.Select(v => ModelOf(v, true, publicKeys))
                .Concat(candidates.Select(v => ModelOf(v, false, publicKeys)))
                .Concat(previous.Select(v => ModelOf(v, false, publicKeys)))
                .DistinctBy(m => m.Package.Digest),
        ];
    }

    /// <summary>Policies that refer to the pool, or to a family of which it serves a version; sorted names.</summary>
    public static IReadOnlyList<string> NeededBy(
        string pool, IEnumerable<WafPolicy> policies, IEnumerable<ModelVersion> versions)
    {
        var families = versions.Where(v => IsServedBy(v, pool)
            && Phase(v) is ModelPhase.Promoted or ModelPhase.Shadow or ModelPhase.Canary).Select(v => v.Spec.Model)
                .ToHashSet();
        return
        [
            .. policies.Where(p => p.Metadata.DeletionTimestamp is null && p.Spec.Ml is { } ml
                    && (ml.Pool == pool || ml.Models.Any(m => families.Contains(m.Model))))
                .Select(p => p.Metadata.Name ?? "").Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether a version runs in the pool.</summary>
    public static bool IsServedBy(ModelVersion version, string pool) =>
        version.Spec.Serving is { Mode: ServingMode.Pool } serving && serving.Pool == pool;

    private static ModelPhase Phase(ModelVersion version) => version.Status?.Phase ?? ModelPhase.Pending;

    private static PoolModel ModelOf(
        ModelVersion version, bool isRequired, IReadOnlyDictionary<string, string> publicKeys)
    {
        var artifact = version.Spec.Artifact;
        return new PoolModel
        {
            Model = version.Spec.Model,
            IsRequired = isRequired,
            Package = new ModelBlob
            {
                Version = version.Spec.Version,
                Digest = artifact.Digest,
                BuiltinName = artifact.Uri.StartsWith(BuiltinScheme, StringComparison.Ordinal)
                    ? artifact.Uri[BuiltinScheme.Length..] : null,
                Signature = artifact.Signature?.Value,
                PublicKeyPem = artifact.Signature is { } signature
                    ? publicKeys.GetValueOrDefault(signature.PublicKeySecret ?? "") : null,
                InPool = true,
            },
        };
    }
}
