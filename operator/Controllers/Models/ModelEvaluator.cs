using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Models;

/// <summary>Starts evaluation Jobs and reads their results. Runs on the leader; all state is in the cluster.</summary>
public sealed class ModelEvaluator(KubernetesClient client, EvaluationSettings settings)
{
    /// <summary>Where the evaluation of a version is.</summary>
    /// <param name="version">The version.</param>
    /// <param name="promoted">The promoted version of its family, or null.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    public async Task<StageResult> ResultOfAsync(
        Resource<ModelVersion> version, Resource<ModelVersion>? promoted, CancellationToken cancellationToken)
    {
        var key = EvaluationJob.KeyOf(version.Metadata.Key);
        var baseline = promoted?.Value.Spec.Artifact.Digest;
        var wanted = EvaluationJob.Build(version.Metadata, version.Value.Spec.Artifact.Digest, baseline, settings);
        var job = await client.TryGetAsync(BuiltIn.Jobs, key, cancellationToken);
        if (job is null)
        {
            await client.CreateAsync(BuiltIn.Jobs, wanted, cancellationToken);
            return new StageResult(StageOutcome.Running, "the evaluation starts");
        }

        if (job.Metadata.Controller?.Uid != version.Metadata.Uid)
        {
            return new StageResult(StageOutcome.Running,
                $"waits: a Job {key.Name} that is not this version's is in its place; delete it");
        }

        var label = $"{EvaluationJob.VersionLabel}={version.Metadata.Uid}";
        var pods = await PodsOfAsync(key.Namespace, label, cancellationToken);
        if (OwnPods(pods, job, wanted).Select(EvaluationJob.ResultOf).OfType<ModelEvaluation>()
            .OrderBy(r => r.Error is null ? 0 : 1).FirstOrDefault() is { } report)
        {
            var spec = version.Value.Spec.Evaluation ?? new EvaluationSpec();
            return EvaluationGates.Judge(report, spec, baseline);
        }

        if (pods.Count > 0 && OwnPods(pods, job, wanted).Count == 0)
            return await AnewAsync(version, job, pods, wanted, cancellationToken);

        var failed = job.Json.Items("status", "conditions")
            .Any(c => c.Text("type") == "Failed" && c.Text("status") == "True");
        return failed
            ? new StageResult(StageOutcome.Failed,
                $"the evaluation Job {key.Name} failed: see kubectl logs -n {key.Namespace} job/{key.Name}")
            : new StageResult(StageOutcome.Running, $"Job {key.Name} runs the golden corpus");
    }

    /// <summary>
    /// What a version and its baseline do with the requests that people labelled: null when there are none, or not
    /// compared yet. Each change of the labels is compared anew.
    /// </summary>
    public async Task<ModelComparison?> FeedbackAsync(
        Resource<ModelVersion> version, Resource<ModelVersion> promoted, CancellationToken cancellationToken)
    {
        var labels = await client.TryGetAsync(
            BuiltIn.ConfigMaps, new NamespacedName(version.Metadata.Key.Namespace, EvaluationJob.FeedbackConfigMap),
            cancellationToken);
        if (labels?.Text("data", EvaluationJob.FeedbackKey) is null) return null;
        var key = EvaluationJob.FeedbackKeyOf(version.Metadata.Key, labels.Metadata.ResourceVersion);
        var wanted = EvaluationJob.BuildFeedback(
            key, version.Metadata, version.Value.Spec.Artifact.Digest, promoted.Value.Spec.Artifact.Digest, settings);
        var job = await client.TryGetAsync(BuiltIn.Jobs, key, cancellationToken);
        if (job is null)
        {
            await client.CreateAsync(BuiltIn.Jobs, wanted, cancellationToken);
            return null;
        }

        if (job.Metadata.Controller?.Uid != version.Metadata.Uid) return null;

        var pods = await PodsOfAsync(key.Namespace, $"{EvaluationJob.FeedbackLabel}={key.Name}", cancellationToken);
        return OwnPods(pods, job, wanted).Select(EvaluationJob.ComparisonOf).OfType<ModelComparison>().FirstOrDefault();
    }

    /// <summary>
    /// Pods of the Job run something else than the operator would have them run now: the promoted version or the image
    /// changed meanwhile, or somebody changed them. The Job is made anew.
    /// </summary>
    private async Task<StageResult> AnewAsync(
        Resource<ModelVersion> version, KubernetesObject job, IReadOnlyList<KubernetesObject> pods, JsonObject wanted,
        CancellationToken cancellationToken)
    {
        var own = pods.FirstOrDefault(p => p.Metadata.Controller?.Uid == job.Metadata.Uid);
        if (own is null)
            return new StageResult(StageOutcome.Running, $"Job {job.Metadata.Name} has no pod of its own yet");
        var why = OwnPod.Difference(own, job.Metadata.Uid, wanted);
        await client.DeleteAsync(
            BuiltIn.Jobs, EvaluationJob.KeyOf(version.Metadata.Key),
            new DeleteOptions { Uid = job.Metadata.Uid, Propagation = DeletePropagation.Background }, cancellationToken);
        return new StageResult(StageOutcome.Running, $"the evaluation is done anew: pod {own.Metadata.Name}: {why}");
    }

    private async Task<IReadOnlyList<KubernetesObject>> PodsOfAsync(
        string ns, string label, CancellationToken cancellationToken) => (await client.ListAsync(
            BuiltIn.Pods, new ListOptions { Namespace = ns, LabelSelector = label }, cancellationToken)).Items;

    private static List<KubernetesObject> OwnPods(
        IReadOnlyList<KubernetesObject> pods, KubernetesObject job, JsonObject wanted) =>
        [.. pods.Where(pod => OwnPod.Difference(pod, job.Metadata.Uid, wanted) is null)];
}
