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
        var job = await client.TryGetAsync(BuiltIn.Jobs, key, cancellationToken);
        if (job is null || job.Metadata.Controller?.Uid != version.Metadata.Uid)
        {
            var body = EvaluationJob.Build(version.Metadata, version.Value.Spec.Artifact.Digest, settings);
            await client.CreateAsync(BuiltIn.Jobs, body, cancellationToken);
            return new StageResult(StageOutcome.Running, "the evaluation starts");
        }

        if (await ReportOfAsync(version, cancellationToken) is { } report)
        {
            var spec = version.Value.Spec.Evaluation ?? new EvaluationSpec();
            return EvaluationGates.Judge(
                report, spec, promoted is null ? null : await ReportOfAsync(promoted, cancellationToken));
        }

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
        if (await client.TryGetAsync(BuiltIn.Jobs, key, cancellationToken) is null)
        {
            await client.CreateAsync(
                BuiltIn.Jobs,
                EvaluationJob.BuildFeedback(
                    key, version.Metadata, version.Value.Spec.Artifact.Digest, promoted.Value.Spec.Artifact.Digest,
                        settings),
                cancellationToken);
            return null;
        }

        var selection = new ListOptions
        {
            Namespace = key.Namespace, LabelSelector = $"{EvaluationJob.FeedbackLabel}={key.Name}",
        };
        var pods = await client.ListAsync(BuiltIn.Pods, selection, cancellationToken);
        return pods.Items.Select(EvaluationJob.ComparisonOf).OfType<ModelComparison>().FirstOrDefault();
    }

    private async Task<ModelEvaluation?> ReportOfAsync(
        Resource<ModelVersion> version, CancellationToken cancellationToken)
    {
        var pods = await client.ListAsync(
            BuiltIn.Pods,
            new ListOptions
            {
                Namespace = version.Metadata.Namespace,
                    LabelSelector = $"{EvaluationJob.VersionLabel}={version.Metadata.Uid}",
            },
            cancellationToken);
        return pods.Items.Select(EvaluationJob.ResultOf).OfType<ModelEvaluation>().FirstOrDefault(r => r.Error is null)
            ?? pods.Items.Select(EvaluationJob.ResultOf).OfType<ModelEvaluation>().FirstOrDefault();
    }
}
