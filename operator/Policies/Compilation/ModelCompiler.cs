using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Resolves the model families of a policy to packages by digest: the promoted version, and the one in a rollout.
/// </summary>
internal static class ModelCompiler
{
    private const string BuiltinScheme = "builtin://";

    public static MlPolicy Compile(PolicyInputs inputs, MlSpec spec, List<Finding> findings)
    {
        var actions = spec.Actions ?? DefaultActions(inputs.Policy.Spec);
        return Compile(inputs, spec, actions, findings);
    }

    /// <summary>
    /// A joint score is calibrated with the rules in it: the level where it begins is one at which it blocks.
    /// </summary>
    private static RiskActionsSpec DefaultActions(WafPolicySpec spec) =>
        PolicyCompiler.DecisionOf(spec) is DecisionKind.Joint
            ? new() { Medium = RiskAction.Block, High = RiskAction.Block }
            : new();

    private static MlPolicy Compile(
        PolicyInputs inputs, MlSpec spec, RiskActionsSpec actions, List<Finding> findings) => new()
    {
        Mode = PolicyCompiler.Ceiling(spec.Mode ?? inputs.Policy.Spec.Mode, inputs.Policy.Spec.Mode),
        Ensemble = ByName.Of<EnsembleKind>(spec.Ensemble),
        Models = [.. spec.Models.Select((reference, index) => Assign(inputs, reference, index, findings))],
        MediumThreshold = DecimalText.ParseDouble((spec.Thresholds ?? new()).Medium),
        HighThreshold = DecimalText.ParseDouble((spec.Thresholds ?? new()).High),
        CriticalThreshold = DecimalText.ParseDouble((spec.Thresholds ?? new()).Critical),
        MediumAction = ByName.Of<RiskActionKind>(actions.Medium),
        HighAction = ByName.Of<RiskActionKind>(Strictest(actions.High, actions.Medium)),
        CriticalAction = ByName.Of<RiskActionKind>(
            Strictest(actions.Critical, Strictest(actions.High, actions.Medium))),
        UncertainAction = ByName.Of<RiskActionKind>(actions.Uncertain),
        LatencyBudget = DurationText.Parse(spec.LatencyBudget),
        PoolUrl = PoolUrlOf(inputs, spec.Pool, findings),
        PoolKey = inputs.PoolKeys.GetValueOrDefault(spec.Pool ?? ""),
        Learning = LearningOf(spec.Learning ?? new()),
    };

    /// <summary>Members are in the order of what they do.</summary>
    private static RiskAction Strictest(RiskAction one, RiskAction other) => one > other ? one : other;

    /// <summary>Models of behaviour run in the sidecar, one version at a time.</summary>
    public static ModelAssignment AssignBehaviour(
        PolicyInputs inputs, string family, int index, List<Finding> findings)
    {
        var versions = inputs.Models
            .Where(model => model.Spec.Model == family && model.Metadata.DeletionTimestamp is null).ToList();
        var baseline = BaselineOf(versions, inputs.TrustUnjudgedModels);
        if (baseline is null)
        {
            findings.Add(new(FindingSeverity.Warning, FindingKind.ModelNotFound,
                $"spec.behaviour.models[{index}].model", versions.Count == 0
                    ? $"no ModelVersion of the family {family} in this namespace; the family does not judge"
                    : $"no ModelVersion of the family {family} is promoted yet; the family does not judge"));
        }

        return new() { Model = family, Baseline = BlobOf(inputs, baseline, findings) };
    }

    private static ModelAssignment Assign(PolicyInputs inputs, ModelReference reference, int index,
        List<Finding> findings)
    {
        var versions =
            inputs.Models.Where(model => model.Spec.Model == reference.Model
                && model.Metadata.DeletionTimestamp is null).ToList();
        var baseline = BaselineOf(versions, inputs.TrustUnjudgedModels);
        var candidate = CandidateOf(versions);
        if (baseline is null && candidate is null)
        {
            findings.Add(new(FindingSeverity.Warning, FindingKind.ModelNotFound, $"spec.ml.models[{index}].model",
                versions.Count == 0
                    ? $"no ModelVersion of the family {reference.Model} in this namespace; the family does not score"
                    : $"no ModelVersion of the family {reference.Model} is promoted yet; the family does not score"));
        }
        foreach (var version in new[] { baseline, candidate }) ComparePool(inputs, version, index, findings);
        return new()
        {
            Model = reference.Model,
            Weight = DecimalText.ParseDouble(reference.Weight),
            Threshold = reference.Threshold is { } threshold ? DecimalText.ParseDouble(threshold) : null,
            Baseline = BlobOf(inputs, baseline, findings),
            Candidate = BlobOf(inputs, candidate, findings),
            CandidateWeightPercent = candidate?.Status is { Phase: ModelPhase.Canary } status ? status.Weight : 0,
            RolloutSalt = candidate is null ? null : candidate.Metadata.Uid ?? candidate.Spec.Artifact.Digest,
            RolloutStep = candidate?.Status is { } rollout ? rollout.Phase is ModelPhase.Canary ? rollout.Step + 1 : 0
                : null,
            PairedSamplePercent = candidate?.Spec.Rollout?.Analysis?.PairedSamplePercent ?? 100,
        };
    }

    /// <summary>The version promoted last. Without judgements (a file): the highest version.</summary>
    private static ModelVersion? BaselineOf(List<ModelVersion> versions, bool trustUnjudged)
    {
        var promoted = versions.Where(version => version.Status?.Phase == ModelPhase.Promoted)
            .OrderByDescending(version => version.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue)
            .ThenByDescending(version => version.Spec.Version, SemanticVersionOrder.Instance)
            .FirstOrDefault();
        if (promoted is not null || !trustUnjudged) return promoted;
        return versions.Where(version => version.Status is null && !version.Spec.Abort)
            .OrderByDescending(version => version.Spec.Version, SemanticVersionOrder.Instance)
            .FirstOrDefault();
    }

    /// <summary>
    /// The version in shadow or canary; the oldest rollout where two are (the controller admits one).
    /// </summary>
    private static ModelVersion? CandidateOf(List<ModelVersion> versions) => versions
        .Where(version => version.Status?.Phase is ModelPhase.Shadow or ModelPhase.Canary)
        .OrderBy(version => version.Status!.PhaseStartedAt ?? DateTimeOffset.MaxValue)
        .ThenBy(version => version.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private static ModelBlob? BlobOf(PolicyInputs inputs, ModelVersion? version, List<Finding> findings)
    {
        if (version is null) return null;
        var artifact = version.Spec.Artifact;
        return new()
        {
            Version = version.Spec.Version,
            Digest = artifact.Digest,
            BuiltinName = artifact.Uri.StartsWith(BuiltinScheme, StringComparison.Ordinal)
                ? artifact.Uri[BuiltinScheme.Length..] : null,
            Signature = artifact.Signature?.Value,
            PublicKeyPem = PublicKeyOf(inputs, version, findings),
            InPool = version.Spec.Serving?.Mode == ServingMode.Pool,
        };
    }

    private static string? PublicKeyOf(PolicyInputs inputs, ModelVersion version, List<Finding> findings)
    {
        if (version.Spec.Artifact.Signature is not { } signature) return null;
        if (inputs.PublicKeys.TryGetValue(signature.PublicKeySecret ?? "", out var pem)) return pem;
        findings.Add(new(FindingSeverity.Warning, FindingKind.KeyNotFound, "spec.artifact.signature.publicKeySecret",
            (signature.PublicKeySecret is { } secret ? $"the Secret {secret} with the public key is not there"
                : "this installation trusts no key (chart: trust.keys)") + "; sidecars will refuse the package",
            $"ModelVersion/{version.Metadata.Name}"));
        return null;
    }

    /// <summary>A pool serves the versions that name it; asking another one gives no answer.</summary>
    private static void ComparePool(PolicyInputs inputs, ModelVersion? version, int index, List<Finding> findings)
    {
        if (version?.Spec.Serving is not { Mode: ServingMode.Pool, Pool: { } pool }
            || pool == inputs.Policy.Spec.Ml?.Pool) return;
        findings.Add(new(FindingSeverity.Warning, FindingKind.PoolDiffers, $"spec.ml.models[{index}].model",
            $"ModelVersion {version.Metadata.Name} is served by the InferencePool {pool}, and spec.ml.pool is "
                + $"{inputs.Policy.Spec.Ml?.Pool ?? "not set"}: the model does not score"));
    }

    private static string? PoolUrlOf(PolicyInputs inputs, string? pool, List<Finding> findings)
    {
        if (pool is null) return null;
        var found =
            inputs.Pools.FirstOrDefault(candidate => candidate.Metadata.Name == pool
                && candidate.Metadata.DeletionTimestamp is null);
        if (found is not null) return PoolEndpoint.UrlOf(inputs.Policy.Metadata.Namespace ?? "default", pool);
        findings.Add(new(FindingSeverity.Warning, FindingKind.PoolNotFound, "spec.ml.pool",
            $"there is no InferencePool {pool} in this namespace; models in the sidecar decide alone"));
        return null;
    }

    private static LearningPolicy LearningOf(LearningSpec spec) => new()
    {
        Mode = ByName.Of<LearningKind>(spec.Mode),
        TargetFalsePositiveRate = DecimalText.ParseDouble(spec.TargetFalsePositiveRate),
        MinimumRequests = spec.MinimumRequests,
        Ceiling = DecimalText.ParseDouble(spec.Ceiling),
    };
}
