using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Apis;

/// <summary>
/// Writes the status of each ApiSchema: whether it is in force, and what sidecars counted. Runs on the leader.
/// </summary>
public sealed class ApiSchemaStatusController(
    PolicyCaches caches, CompiledPolicies compiled, PolicyCoverage coverage, StatusWriter writer, TimeProvider time)
    : IReconciler
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var schema = caches.ApiSchemas.Cache.Get(key);
        if (schema is null || schema.Metadata.IsBeingDeleted) return ReconcileResult.Done;
        var policy = new NamespacedName(key.Namespace, schema.Value.Spec.Policy);
        var compilation = compiled.Find(policy)?.Compilation;
        // What was compiled of an earlier generation says nothing about this one.
        var generation = compilation?.ApiGenerations.GetValueOrDefault(key.Name, -1);
        if (generation != schema.Metadata.Generation) compilation = null;
        var api = compilation?.Apis.FirstOrDefault(item => item.Name == key.Name);
        var subject = $"ApiSchema/{key.Name}";
        var verdict = caches.Policies.Cache.Get(policy) is null
            ? new(false, ApiSchemaVerdict.PolicyNotFound,
                $"there is no WafPolicy {policy.Name} in namespace {policy.Namespace}")
            : ApiSchemaVerdict.Of(
                policy.Name, [.. (compilation?.Findings ?? []).Where(finding => finding.Subject == subject)],
                api is not null);
        var reports = coverage.PodsOf(policy, coverage.ResolverOf(key.Namespace))
            .SelectMany(pod => pod.Status?.ApiSchemas ?? []).Where(report => report.Name == key.Name).ToList();
        var status = schema.Value.Status;
        var now = time.GetUtcNow();
        var second = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset);
        var next = ApiSchemaSummary.Of(api, reports, status) with
        {
            ObservedGeneration = schema.Metadata.Generation,
            Conditions = ApiSchemaConditions.Compute(
                verdict, schema.Metadata.Generation, second, status?.Conditions ?? []),
        };
        await writer.WriteAsync(ControllerKinds.ApiSchemas, schema, status, next, cancellationToken);
        return ReconcileResult.After(LookAgain);
    }
}
