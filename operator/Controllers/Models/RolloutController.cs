using System.Globalization;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Watching;
using WafOperator.Policies.Compilation;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Rollouts.Judging;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Moves each ModelVersion one state at a time. Runs on the leader. Gathers what the pure machine needs and writes the
/// status it gives: a status is what makes sidecars change, through the policy documents. A write succeeds only on the
/// object that was read, so that neither an old cache nor an old leader can repeat a transition or undo one; what
/// follows a transition (superseding others, remembering a rejected digest) is done again until it is done.
/// </summary>
public sealed class RolloutController(
    KubernetesClient client, Informer<Resource<ModelVersion>> models, ModelPackages packages, ModelEvaluator evaluator,
        RolloutCounting counting,
    RolloutGates gates, RejectedModels rejected, StatusWriter writer, EventRecorder events, TimeProvider time,
        Func<string, IEnumerable<WafPolicy>> policiesOf) : IReconciler
{
    private static readonly TimeSpan UntilRestored = TimeSpan.FromSeconds(1);

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
        if (transition.AsksWebhooks is { } step)
            transition = RolloutMachine.Next(
                inputs with { Webhooks = await gates.WebhooksAsync(version.Value, step, cancellationToken) });
        // Another rollout of the family may have begun that this cache has not seen yet.
        if (status.Phase is ModelPhase.Pending && transition.Status.Phase is ModelPhase.Verifying
            && await IsAnotherUnderWayAsync(version, cancellationToken))
            return ReconcileResult.After(TimeSpan.FromSeconds(1));
        await WriteAsync(version, transition.Status, cancellationToken);
        RolloutTraces.Left(version, transition.Status.Phase);
        if (transition.Event is { } happened) Announce(version, transition.Status.Phase, happened);
        return await FollowUpAsync(version, family, transition, cancellationToken);
    }

    private async ValueTask<ReconcileResult> FollowUpAsync(
        Resource<ModelVersion> version, List<Resource<ModelVersion>> family, RolloutTransition transition,
            CancellationToken cancellationToken)
    {
        switch (transition.Status.Phase)
        {
            case ModelPhase.Promoted:
                await SupersedeOthersAsync(version, family, cancellationToken);
                break;
            case ModelPhase.RolledBack:
                await rejected.RememberAsync(version, transition.Status.Message, cancellationToken);
                if (!RolloutConditions.IsRestored(version.Value.Status)) return ReconcileResult.After(UntilRestored);
                break;
        }

        if (RolloutMachine.IsTerminal(transition.Status.Phase)
            || transition.Status.Phase is ModelPhase.Promoted) counting.Forget(version);
        return transition.LookAgain is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private async Task<bool> IsAnotherUnderWayAsync(Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        var all = await client.ListAsync(
            ControllerKinds.Models, new ListOptions { Namespace = version.Metadata.Namespace }, cancellationToken);
        return all.Items.Any(
            m => m.Metadata.Uid != version.Metadata.Uid && m.Value.Spec.Model == version.Value.Spec.Model
            && RolloutMachine.IsUnderWay(Phase(m)));
    }

    private List<Resource<ModelVersion>> FamilyOf(Resource<ModelVersion> version) =>
    [
        .. models.Cache.ByNamespace.Find(version.Metadata.Namespace ?? "")
            .Where(m => m.Value.Spec.Model == version.Value.Spec.Model && !m.Metadata.IsBeingDeleted)
            .OrderBy(m => m.Metadata.CreationTimestamp).ThenBy(m => m.Metadata.Name, StringComparer.Ordinal),
    ];

    private async Task<RolloutInputs> GatherAsync(
        Resource<ModelVersion> version, ModelVersionStatus status, List<Resource<ModelVersion>> family,
            CancellationToken cancellationToken)
    {
        var promoted = Promoted(family, version);
        var ahead = family.Find(m => m != version && Phase(m) is var p && RolloutMachine.IsUnderWay(p))
            ?? family.TakeWhile(m => m != version)
                .FirstOrDefault(m => Phase(m) is ModelPhase.Pending && !m.Value.Spec.Suspend);
        var digest = version.Value.Spec.Artifact.Digest;
        var isWatched = status.Phase is ModelPhase.Shadow or ModelPhase.Canary;
        return new RolloutInputs
        {
            Spec = version.Value.Spec,
            Status = status,
            Generation = version.Metadata.Generation,
            ApprovedStep = int.TryParse(
                version.Metadata.Annotations.GetValueOrDefault(ApproveAnnotation), NumberStyles.None,
                    CultureInfo.InvariantCulture, out var step) ? step : 0,
            IsFirstInLine = ahead is null,
            WaitsFor = ahead?.Metadata.Name,
            RejectedBefore = status.Phase is ModelPhase.Pending
                ? RejectedBefore(version, family)
                    ?? await rejected.FindAsync(version.Metadata.Key.Namespace, digest, cancellationToken)
                : null,
            Promoted = promoted is null ? null
                : new PromotedVersion(promoted.Value.Spec.Version, promoted.Value.Spec.Artifact.Digest),
            EnforcedBy = promoted is null && status.Phase is ModelPhase.Evaluating
                ? EnforcingPolicies.Of(policiesOf(version.Metadata.Key.Namespace), version.Value.Spec.Model) : [],
            Verification = packages.ResultOf(version),
            Evaluation = status.Phase is ModelPhase.Evaluating
                ? await evaluator.ResultOfAsync(version, promoted, cancellationToken)
                : StageResult.Unknown,
            LoadFailure = isWatched ? counting.LoadFailure(version.Metadata.Key.Namespace, digest) : null,
            Samples = isWatched ? counting.Read(version) : new(),
            OtherMetrics = isWatched ? await OtherMetricsAsync(version, promoted, cancellationToken) : [],
            Now = time.GetUtcNow(),
        };
    }

    private async Task<IReadOnlyList<MetricJudgement>> OtherMetricsAsync(
        Resource<ModelVersion> version, Resource<ModelVersion>? promoted, CancellationToken cancellationToken)
    {
        var queried = await gates.MetricsAsync(version.Value, cancellationToken);
        if (promoted is null) return queried;
        var compared = await evaluator.FeedbackAsync(version, promoted, cancellationToken);
        return [.. queried, .. RolloutGates.Feedback(version.Value, compared)];
    }

    /// <summary>The version promoted last, besides this one.</summary>
    private static Resource<ModelVersion>? Promoted(
        List<Resource<ModelVersion>> family, Resource<ModelVersion> version) => family
        .Where(m => m != version && Phase(m) is ModelPhase.Promoted)
        .MaxBy(m => m.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue);

    private static ModelPhase Phase(Resource<ModelVersion> version) =>
        version.Value.Status?.Phase ?? ModelPhase.Pending;

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
        // One that took the place already is what a former try restored.
        var previous = family.Exists(m => m != version && Phase(m) is ModelPhase.Promoted && !m.Value.Spec.Abort)
            ? null
            : family.Where(m => Phase(m) is ModelPhase.Superseded && !m.Value.Spec.Abort)
                .MaxBy(m => m.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue);
        if (previous is not null)
            await WriteAsync(previous, RolloutMachine.Restore(previous.Value.Status!, version.Metadata.Name, now),
                cancellationToken);
        var status = RolloutMachine.Next(new RolloutInputs
        {
            Spec = version.Value.Spec, Status = version.Value.Status!, Generation = version.Metadata.Generation,
                Now = now,
        }).Status;
        await WriteAsync(version, status, cancellationToken);
        Announce(version, status.Phase, status.Message ?? "aborted");
        return ReconcileResult.After(UntilRestored);
    }

    private async Task SupersedeOthersAsync(
        Resource<ModelVersion> version, List<Resource<ModelVersion>> family, CancellationToken cancellationToken)
    {
        // One that is being aborted ends as rolled back, by its own hand.
        foreach (var other in family.Where(m => m != version && Phase(m) is ModelPhase.Promoted && !m.Value.Spec.Abort))
        {
            var isOlder = (other.Value.Status!.PhaseStartedAt ?? DateTimeOffset.MinValue)
                <= (version.Value.Status?.PhaseStartedAt ?? time.GetUtcNow());
            if (isOlder)
                await WriteAsync(other, RolloutMachine.Supersede(
                    other.Value.Status!, version.Metadata.Name, time.GetUtcNow()), cancellationToken);
        }
    }

    private async Task WriteAsync(
        Resource<ModelVersion> version, ModelVersionStatus status, CancellationToken cancellationToken)
    {
        var isRestored = status.Phase is ModelPhase.RolledBack && version.Value.Status?.Phase is ModelPhase.RolledBack
            && counting.UsersOf(version.Metadata.Key.Namespace, version.Value.Spec.Artifact.Digest) == 0;
        var conditions = RolloutConditions.Compute(
            status, version.Value.Status?.Conditions ?? [], isRestored, version.Metadata.Generation, time.GetUtcNow());
        await writer.WriteIfUnchangedAsync(
            ControllerKinds.Models, version, version.Value.Status, status with { Conditions = conditions },
                cancellationToken);
    }

    private void Announce(Resource<ModelVersion> version, ModelPhase phase, string message)
    {
        var subject = EventSubject.Of(ControllerKinds.Models, version.Metadata);
        if (phase is ModelPhase.RolledBack or ModelPhase.Failed) events.Warning(subject, phase.ToString(), message);
        else events.Normal(subject, phase.ToString(), message);
    }
}
