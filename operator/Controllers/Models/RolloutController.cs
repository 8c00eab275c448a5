using System.Globalization;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Moves each ModelVersion one state at a time. Runs on the leader. Gathers what the pure machine needs, writes the status it gives, and
/// does nothing else: a status is what makes sidecars change, through the policy documents.
/// </summary>
public sealed class RolloutController(
    Informer<Resource<ModelVersion>> models, ModelPackages packages, ModelEvaluator evaluator, RolloutCounting counting,
    RolloutGates gates, StatusWriter writer, EventRecorder events, TimeProvider time) : IReconciler
{
    private const string ApproveAnnotation = ApiGroup.Name + "/approve-step";

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var version = models.Cache.Get(key);
        if (version is null || version.Metadata.IsBeingDeleted) return ReconcileResult.Done;
        var family = FamilyOf(version);
        var status = version.Value.Status ?? new ModelVersionStatus();
        if (status.Phase is ModelPhase.Promoted && version.Value.Spec.Abort)
            return await ReturnAsync(version, family, cancellationToken);

        var inputs = await GatherAsync(version, status, family, cancellationToken);
        var transition = RolloutMachine.Next(inputs);
        await WriteAsync(version, transition.Status, cancellationToken);
        if (transition.Event is { } happened) Announce(version, transition.Status.Phase, happened);
        if (transition.Status.Phase is ModelPhase.Promoted) await SupersedeOthersAsync(version, family, cancellationToken);
        return transition.LookAgain is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private List<Resource<ModelVersion>> FamilyOf(Resource<ModelVersion> version) =>
    [
        .. models.Cache.ByNamespace.Find(version.Metadata.Namespace ?? "")
            .Where(m => m.Value.Spec.Model == version.Value.Spec.Model && !m.Metadata.IsBeingDeleted)
            .OrderBy(m => m.Metadata.CreationTimestamp).ThenBy(m => m.Metadata.Name, StringComparer.Ordinal),
    ];

    private async Task<RolloutInputs> GatherAsync(
        Resource<ModelVersion> version, ModelVersionStatus status, List<Resource<ModelVersion>> family, CancellationToken cancellationToken)
    {
        var promoted = Promoted(family, version);
        var ahead = family.Find(m => m != version && Phase(m) is var p && RolloutMachine.IsUnderWay(p))
            ?? family.TakeWhile(m => m != version).FirstOrDefault(m => Phase(m) is ModelPhase.Pending && !m.Value.Spec.Suspend);
        var digest = version.Value.Spec.Artifact.Digest;
        var isWatched = status.Phase is ModelPhase.Shadow or ModelPhase.Canary;
        return new RolloutInputs
        {
            Spec = version.Value.Spec,
            Status = status,
            Generation = version.Metadata.Generation,
            ApprovedStep = int.TryParse(
                version.Metadata.Annotations.GetValueOrDefault(ApproveAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : 0,
            IsFirstInLine = ahead is null,
            WaitsFor = ahead?.Metadata.Name,
            RejectedBefore = RejectedBefore(version, family),
            Promoted = promoted is null ? null : new PromotedVersion(promoted.Value.Spec.Version, promoted.Value.Spec.Artifact.Digest),
            Verification = packages.ResultOf(version),
            Evaluation = status.Phase is ModelPhase.Evaluating
                ? await evaluator.ResultOfAsync(version, promoted, cancellationToken)
                : StageResult.Unknown,
            LoadFailure = isWatched ? counting.LoadFailure(version.Metadata.Key.Namespace, digest) : null,
            Samples = isWatched || status.Phase is ModelPhase.Evaluating ? counting.Read(version.Metadata.Key, digest, status) : new(),
            OtherMetrics = isWatched ? await gates.MetricsAsync(version.Value, cancellationToken) : [],
            Webhooks = isWatched ? await gates.WebhooksAsync(version.Value, status, cancellationToken) : new StageResult(StageOutcome.Succeeded),
            Now = time.GetUtcNow(),
        };
    }

    /// <summary>The version promoted last, besides this one.</summary>
    private static Resource<ModelVersion>? Promoted(List<Resource<ModelVersion>> family, Resource<ModelVersion> version) => family
        .Where(m => m != version && Phase(m) is ModelPhase.Promoted)
        .MaxBy(m => m.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue);

    private static ModelPhase Phase(Resource<ModelVersion> version) => version.Value.Status?.Phase ?? ModelPhase.Pending;

    /// <summary>A package that was rolled back under any name is not tried again.</summary>
    private static string? RejectedBefore(Resource<ModelVersion> version, List<Resource<ModelVersion>> family)
    {
        var earlier = family.Find(m => m != version && Phase(m) is ModelPhase.RolledBack
            && m.Value.Spec.Artifact.Digest == version.Value.Spec.Artifact.Digest);
        return earlier is null ? null : $"{earlier.Metadata.Name}, {earlier.Value.Status!.Message}";
    }

    /// <summary>Abort of a promoted version: the one it superseded last takes its place at once.</summary>
    private async ValueTask<ReconcileResult> ReturnAsync(
        Resource<ModelVersion> version, List<Resource<ModelVersion>> family, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var previous = family.Where(m => Phase(m) is ModelPhase.Superseded)
            .MaxBy(m => m.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue);
        if (previous is not null)
            await WriteAsync(previous, RolloutMachine.Restore(previous.Value.Status!, version.Metadata.Name, now), cancellationToken);
        var status = RolloutMachine.Next(new RolloutInputs
        {
            Spec = version.Value.Spec, Status = version.Value.Status!, Generation = version.Metadata.Generation, Now = now,
        }).Status;
        await WriteAsync(version, status, cancellationToken);
        Announce(version, status.Phase, status.Message ?? "aborted");
        return ReconcileResult.Done;
    }

    private async Task SupersedeOthersAsync(
        Resource<ModelVersion> version, List<Resource<ModelVersion>> family, CancellationToken cancellationToken)
    {
        foreach (var other in family.Where(m => m != version && Phase(m) is ModelPhase.Promoted))
        {
            var isOlder = (other.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue)
                <= (version.Value.Status?.PhaseStartedAt ?? time.GetUtcNow());
            if (isOlder)
                await WriteAsync(other, RolloutMachine.Supersede(other.Value.Status!, version.Metadata.Name, time.GetUtcNow()), cancellationToken);
        }
    }

    private async Task WriteAsync(Resource<ModelVersion> version, ModelVersionStatus status, CancellationToken cancellationToken)
    {
        var next = status with { Conditions = RolloutConditions.Compute(status, version.Value.Status?.Conditions ?? [], version.Metadata.Generation, time.GetUtcNow()) };
        await writer.WriteAsync(ControllerKinds.Models, version, version.Value.Status, next, cancellationToken);
    }

    private void Announce(Resource<ModelVersion> version, ModelPhase phase, string message)
    {
        var subject = EventSubject.Of(ControllerKinds.Models, version.Metadata);
        if (phase is ModelPhase.RolledBack or ModelPhase.Failed) events.Warning(subject, phase.ToString(), message);
        else events.Normal(subject, phase.ToString(), message);
    }
}
