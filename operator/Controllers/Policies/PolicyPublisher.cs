using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Policies.Compilation;
using WafOperator.Pools;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// Compiles each policy with its exclusions, models and pools, and publishes the document. Runs on every replica, since every
/// replica serves sidecars; it writes nothing to the cluster.
/// </summary>
public sealed partial class PolicyPublisher(
    PolicyCaches caches, PublicKeys publicKeys, CompiledPolicies compiled, IPolicySink sink, TimeProvider time,
    ILogger<PolicyPublisher> logger, PoolKeys? poolKeys = null) : IReconciler
{
    /// <summary>Where Secrets of spec.sharing.redis are read; null: none is.</summary>
    public RedisSecrets? Redis { get; init; }

    /// <summary>Time for the leader to make the Secret with pools' keys; its coming is an event besides.</summary>
    private static readonly TimeSpan KeyWithin = TimeSpan.FromSeconds(5);

    /// <summary>When a policy that found no room is tried again.</summary>
    private static readonly TimeSpan RoomAgain = TimeSpan.FromMinutes(1);

    private const string NoRoom = "there is no room for it: rule texts, documents and feeds of all policies of a "
        + "namespace have 16777216 characters at most";

    private readonly RuleRoom _room = new();

    public async ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var policy = caches.Policies.Cache.Get(key);
        if (policy is null || policy.Metadata.IsBeingDeleted)
        {
            compiled.Remove(key);
            sink.Remove(key);
            _room.Forget(key);
            return ReconcileResult.Done;
        }

        var pool = policy.Value.Spec.Ml?.Pool;
        // A sidecar without the key would be refused by the pool; with one of its own, other replicas do not take what
        // it signs.
        if (NeedsKeys(policy.Value) && poolKeys is { IsKnown: false }) return ReconcileResult.After(KeyWithin);
        var models = caches.Models.Cache.ByNamespace.Find(key.Namespace).Select(m => m.Value).ToList();
        var apis = caches.ApiSchemasOf(key);
        var now = time.GetUtcNow();
        var compilation = PolicyCompiler.Compile(new PolicyInputs
        {
            Policy = policy.Value,
            Exclusions = [.. caches.Exclusions.Cache.ByNamespace.Find(key.Namespace).Select(e => e.Value)],
            Models = models,
            ApiSchemas = apis,
            Pools = [.. caches.Pools.Cache.ByNamespace.Find(key.Namespace).Select(p => p.Value)],
            PoolKeys = pool is not null && poolKeys?.Of(new(key.Namespace, pool)) is [var poolKey, ..]
                ? new Dictionary<string, string> { [pool] = poolKey } : new Dictionary<string, string>(),
            PublicKeys = await publicKeys.ReadAsync(key.Namespace, SecretNames(models), cancellationToken),
            RuleFiles = apis.Count > 0 || policy.Value.Spec is { Rules.ConfigMaps.Count: > 0 }
                or { AccessLists.DenyFeeds.Count: > 0 }
                ? caches.RuleFilesOf(key.Namespace)
                : new Dictionary<string, IReadOnlyDictionary<string, string>>(),
            ChallengeKeys = BehaviourCompiler.AsksForBrowsers(policy.Value.Spec.Behaviour)
                ? poolKeys?.ChallengeKeysOf(key) ?? [] : [],
            Redis = policy.Value.Spec.Sharing?.Redis is { } redis && Redis is not null
                ? await Redis.ReadAsync(new(key.Namespace, redis.Secret), cancellationToken) : null,
            Now = now,
        });
        var isRoom = TakeRoom(key, ref compilation);
        compiled.Set(key, policy.Metadata.Generation, compilation);
        if (compilation.Document is { } document)
        {
            if (sink.Publish(key, document))
                LogPublished(key.ToString(), document.Revision[..12], policy.Metadata.Generation);
        }
        else
        {
            var first = compilation.Findings.First(f => f.Severity == FindingSeverity.Error);
            LogRejected(key.ToString(), policy.Metadata.Generation, compilation.Findings.Count, first.ToString());
        }

        if (!isRoom) return ReconcileResult.After(RoomAgain);
        var again = compilation.RecompileAt is { } at && at > now ? at - now : TimeSpan.MaxValue;
        // Secrets are not watched: the rights for that would be over all of them.
        if (policy.Value.Spec.Sharing?.Redis is not null && again > RedisSecrets.RememberedFor)
            again = RedisSecrets.RememberedFor;
        return again == TimeSpan.MaxValue ? ReconcileResult.Done : ReconcileResult.After(again);
    }

    /// <summary>Something in the document is made of the Secret with keys.</summary>
    public static bool NeedsKeys(WafPolicy policy) =>
        policy.Spec.Ml?.Pool is not null || BehaviourCompiler.AsksForBrowsers(policy.Spec.Behaviour);

    /// <summary>
    /// False, with a finding, where the namespace's texts are too many: then without documents of APIs, or without any.
    /// </summary>
    private bool TakeRoom(NamespacedName key, ref PolicyCompilation compilation)
    {
        if (compilation.Document is not { } document) return true;
        var characters = RuleRoom.CharactersOf(document);
        if (_room.TryTake(key, characters)) return true;
        // Whoever keeps a list must not hold back changes of the policy either.
        if (document.AccessLists.DenyFeeds is not null)
        {
            compilation = compilation.WithoutFeeds(NoRoom);
            TakeRoom(key, ref compilation);
            return false;
        }

        // Whoever may make ApiSchemas must not hold back changes of the policy itself.
        if (document.ApiSchemas is not null && compilation.WithoutApis(NoRoom) is { Document: { } rest } without
            && _room.TryTake(key, RuleRoom.CharactersOf(rest)))
        {
            compilation = without;
            return false;
        }

        compilation = compilation with
        {
            Document = null,
            Apis = [],
            Feeds = [],
            Findings =
            [
                .. compilation.Findings,
                new(FindingSeverity.Error, FindingKind.InvalidRules, "spec.rules.configMaps",
                    $"the rule texts of all policies of the namespace have more than {RuleRoom.CharactersMaxDefault} "
                    + $"characters together with the {characters} of this one: let workloads share a policy"),
            ],
        };
        return false;
    }

    /// <summary>Whether policies have to be compiled again for a change of a model version.</summary>
    public static bool IsNews(Resource<ModelVersion>? before, Resource<ModelVersion>? now) =>
        before is null || now is null || before.Metadata.Generation != now.Metadata.Generation
        || before.Metadata.Uid != now.Metadata.Uid || before.Metadata.IsBeingDeleted != now.Metadata.IsBeingDeleted
        || Read(before.Value.Status) != Read(now.Value.Status);

    /// <summary>What the compiler reads of a status; the rest counts requests, and changes every few seconds.</summary>
    private static (ModelPhase, DateTimeOffset?, int, int)? Read(ModelVersionStatus? status) =>
        status is null ? null : (status.Phase, status.PhaseStartedAt, status.Step, status.Weight);

    private static IEnumerable<string> SecretNames(IEnumerable<ModelVersion> models) =>
        PublicKeys.NamesOf([.. models.Select(m => m.Spec.Artifact.Signature)]);

    [LoggerMessage(4001, LogLevel.Information, "Policy {Policy}: revision {Revision} in force (generation {Generation})")]
    private partial void LogPublished(string policy, string revision, long generation);

    [LoggerMessage(4002, LogLevel.Warning,
        "Policy {Policy} generation {Generation} was not accepted ({Findings} findings), the last good revision stays: {First}")]
    private partial void LogRejected(string policy, long generation, int findings, string first);
}
