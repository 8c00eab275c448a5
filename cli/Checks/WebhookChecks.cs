using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using WafOperator.Resources.Schema;
using static WafOperator.Cli.Checks.Finding;

namespace WafOperator.Cli.Checks;

/// <summary>Definitions and webhooks: what stands between people and the operator (3xx).</summary>
internal static class WebhookChecks
{
    private const string Admission = "docs/injection.md#admission-and-nodes";
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public static IReadOnlyList<Check> All { get; } =
    [
        new("WAF301", "All our kinds are defined", "crds/README.md", Defined),
        new("WAF302", "The definitions have every field that this version knows", "crds/README.md", Fields),
        new("WAF303", "Stored objects have a version that is served", "crds/README.md", Stored),
        new("WAF304", "The webhook for pods is registered", Admission, PodsWebhook),
        new("WAF305", "The webhook for our kinds is registered", Admission, ResourcesWebhook),
        new("WAF306", "The webhooks have an authority", Admission, Authority),
        new("WAF307", "The webhooks' authority is valid for two weeks more", Admission, Expiry),
        new("WAF308", "The webhooks' Service has endpoints", Admission, Endpoints),
        new("WAF309", "A pod that asks never starts without its sidecar", Admission, FailurePolicy),
        new("WAF310", "Webhooks answer within ten seconds", Admission, Patience),
        new("WAF311", "The webhook leaves the cluster's own pods alone", Admission, Exempt),
        new("WAF312", "This version can read every object of our kinds", "crds/README.md", Readable),
    ];

    private static IEnumerable<(KubernetesObject Configuration, JsonElement Hook)> Hooks(ClusterFacts facts) =>
        OperatorChecks.Ours(facts.Mutating.Value).Concat(OperatorChecks.Ours(facts.Validating.Value))
            .SelectMany(c => c.Json.Items("webhooks").Select(hook => (c, hook)));

    private static string Name(KubernetesObject o) => $"{o.Kind.ToLowerInvariant()}/{o.Metadata.Name}";

    private static KubernetesObject? Find(ClusterFacts facts, ResourceDefinition kind) =>
        facts.Definitions.Value.FirstOrDefault(d => d.Metadata.Name == $"{kind.Names.Plural}.{ApiGroup.Name}");

    private static IEnumerable<Finding> Defined(ClusterFacts facts)
    {
        foreach (var kind in ResourceDefinition.All.Where(kind => Find(facts, kind) is null))
            yield return Error($"customresourcedefinition/{kind.Names.Plural}.{ApiGroup.Name}", "it is not there",
                "helm install waf-crds charts/waf-crds, or kubectl apply --server-side -f crds/");
    }

    private static IEnumerable<Finding> Fields(ClusterFacts facts)
    {
        foreach (var kind in ResourceDefinition.All)
        {
            if (Find(facts, kind) is not { } live) continue;
            var served = live.Json.Items("spec", "versions").FirstOrDefault(v => v.Text("name") == ApiGroup.Version);
            if (served.At("schema", "openAPIV3Schema") is not { } schema) continue;
            using var known = JsonDocument.Parse(CrdWriter.Write(kind)["spec"]!["versions"]![0]!.ToJsonString());
            var missing = new List<string>();
            Compare(known.RootElement.At("schema", "openAPIV3Schema")!.Value, schema, "", missing);
            if (missing.Count > 0)
                yield return Warning(Name(live), $"it lacks {Words.Few(missing)}: what is written there is dropped",
                    "helm upgrade waf-crds charts/waf-crds, before the operator");
        }
    }

    private static void Compare(JsonElement known, JsonElement live, string path, List<string> missing)
    {
        if (known.At("items") is { } item && live.At("items") is { } liveItem)
            Compare(item, liveItem, path + "[]", missing);
        if (known.At("properties") is not { } properties || live.At("properties") is not { } liveProperties) return;
        foreach (var property in properties.EnumerateObject())
        {
            if (path.Length == 0 && property.Name is "apiVersion" or "kind" or "metadata") continue;
            var inner = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (!liveProperties.TryGetProperty(property.Name, out var found)) missing.Add(inner);
            else Compare(property.Value, found, inner, missing);
        }
    }

    private static IEnumerable<Finding> Stored(ClusterFacts facts)
    {
        foreach (var kind in ResourceDefinition.All)
        {
            if (Find(facts, kind) is not { } live) continue;
            var versions = live.Json.Items("spec", "versions").Where(v => v.Flag("served") is true)
                .Select(v => v.Text("name")).ToHashSet();
            var stored = live.Json.Items("status", "storedVersions").Select(v => v.GetString())
                .Where(v => !versions.Contains(v)).ToList();
            if (stored.Count > 0)
                yield return Warning(Name(live), $"objects are stored as {stored[0]}, which is not served any more",
                    "write them anew before that version is taken out: kubectl get … -o yaml | kubectl replace -f -");
        }
    }

    private static IEnumerable<Finding> Readable(ClusterFacts facts) =>
        from problem in facts.Unreadable.Value
        select Error("cluster", problem + ": nothing is said of it by any other check",
            "mend the object, or take a kubectl-waf of the operator's version");

    private static IEnumerable<Finding> PodsWebhook(ClusterFacts facts)
    {
        if (!OperatorChecks.Ours(facts.Mutating.Value).Any())
            yield return Error("cluster", "no MutatingWebhookConfiguration of ours: no pod is injected",
                "helm upgrade --install waf-operator charts/waf-operator");
    }

    private static IEnumerable<Finding> ResourcesWebhook(ClusterFacts facts)
    {
        if (!OperatorChecks.Ours(facts.Validating.Value).Any())
            yield return Error("cluster", "no ValidatingWebhookConfiguration of ours: wrong objects are told late, in "
                + "their status", "helm upgrade --install waf-operator charts/waf-operator");
    }

    private static IEnumerable<Finding> Authority(ClusterFacts facts)
    {
        foreach (var (configuration, hook) in Hooks(facts))
            if (string.IsNullOrEmpty(hook.Text("clientConfig", "caBundle")))
                yield return Error(Name(configuration),
                    $"{hook.Text("name")} has no caBundle: the API server cannot call it",
                    "the operator's leader writes it: see WAF206, and its logs");
    }

    private static IEnumerable<Finding> Expiry(ClusterFacts facts)
    {
        foreach (var (configuration, hook) in Hooks(facts))
        {
            if (hook.Text("clientConfig", "caBundle") is not { Length: > 0 } bundle) continue;
            var last = LastDay(bundle);
            const string hint = "the operator rotates it by itself while it leads: see WAF206; with your own "
                + "certificates, renew them";
            if (last is null)
                yield return Error(Name(configuration), $"the caBundle of {hook.Text("name")} holds no certificate",
                    hint);
            else if (last < facts.Now)
                yield return Error(Name(configuration),
                    $"the authority of {hook.Text("name")} expired on {last:yyyy-MM-dd}", hint);
            else if (last < facts.Now + Soon)
                yield return Warning(Name(configuration),
                    $"the authority of {hook.Text("name")} expires on {last:yyyy-MM-dd}", hint);
        }
    }

    /// <summary>The day on which the last certificate of a bundle ends; null when there is none.</summary>
    private static DateTimeOffset? LastDay(string bundle)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(bundle)));
            return certificates.Count == 0 ? null : certificates.Max(c =>
                new DateTimeOffset(c.NotAfter.ToUniversalTime()));
        }
        catch (Exception failure) when (failure is FormatException or CryptographicException)
        {
            return null;
        }
    }

    private static IEnumerable<Finding> Endpoints(ClusterFacts facts)
    {
        if (facts.Operator is not { } deployment) yield break;
        foreach (var name in Hooks(facts).Select(h => h.Hook.Text("clientConfig", "service", "name")).OfType<string>()
            .Distinct())
        {
            var list = facts.Endpoints.Value.FirstOrDefault(e => e.Metadata.Name == name);
            if (list is null || !list.Json.Items("subsets").Any(subset => subset.Items("addresses").Any()))
                yield return Error(Words.Name("service", deployment.Metadata.Namespace, name),
                    "it has no ready endpoint: the API server cannot call the webhooks",
                    "see WAF202; kubectl get endpoints");
        }
    }

    private static IEnumerable<Finding> FailurePolicy(ClusterFacts facts)
    {
        foreach (var (configuration, hook) in Hooks(facts))
            if (hook.Text("name") == $"pods.{ApiGroup.Name}" && hook.Text("failurePolicy") == "Ignore"
                && configuration.Kind.StartsWith("Mutating", StringComparison.Ordinal))
                yield return Warning(Name(configuration),
                    "failurePolicy is Ignore: while the operator is away, pods that "
                    + "ask for a sidecar start without one", "helm upgrade … --set webhooks.failurePolicy=Fail");
    }

    private static IEnumerable<Finding> Patience(ClusterFacts facts)
    {
        foreach (var (configuration, hook) in Hooks(facts))
            if (hook.Number("timeoutSeconds") is > 10)
                yield return Note(Name(configuration),
                    $"{hook.Text("name")} may take {hook.Number("timeoutSeconds")} s: whoever creates pods waits as "
                        + "long",
                    "helm upgrade … --set webhooks.timeoutSeconds=10");
    }

    private static IEnumerable<Finding> Exempt(ClusterFacts facts)
    {
        foreach (var (configuration, hook) in Hooks(facts))
        {
            if (hook.Text("name") == $"resources.{ApiGroup.Name}") continue;
            var names = hook.Items("namespaceSelector", "matchExpressions")
                .Where(e => e.Text("operator") == "NotIn" && e.Text("key") == "kubernetes.io/metadata.name")
                .SelectMany(e => e.Items("values")).Select(v => v.GetString()).ToHashSet();
            if (!names.Contains("kube-system") && hook.At("objectSelector", "matchExpressions") is null)
                yield return Error(Name(configuration),
                    $"{hook.Text("name")} is called for pods of kube-system: with the "
                    + "operator away, the cluster may not start", "install with the chart's own selectors");
        }
    }
}
