using System.Text.RegularExpressions;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// The chart gives the operator the verbs that its code uses and no more. That none is missing is what the cluster's
/// tests show, which run under the chart's roles; here each right must name the line that needs it.
/// </summary>
public sealed partial class RightsTests
{
    private const string Chart = "charts/waf-operator/templates/rbac.yaml";

    /// <summary>Resource and verbs, the file that uses them, and what stands there.</summary>
    private static readonly (string Resource, string Verbs, string File, string Text)[] Uses =
    [
        ("wafpolicies", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "new Informer<Resource<WafPolicy>>"),
        ("wafexclusions", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "new Informer<Resource<WafExclusion>>"),
        ("modelversions", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "new Informer<Resource<ModelVersion>>"),
        ("inferencepools", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "new Informer<Resource<InferencePool>>"),
        ("apischemas", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "new Informer<Resource<ApiSchema>>"),
        ("inferencepools", "get", "operator/Controllers/Pools/PoolCluster.cs", "TryGetAsync(ControllerKinds.Pools"),
        ("wafpolicies/status", "patch", "operator/Controllers/StatusWriter.cs", "Subresource = \"status\""),
        ("wafexclusions/status", "patch", "operator/Controllers/StatusWriter.cs", "Subresource = \"status\""),
        ("modelversions/status", "patch", "operator/Controllers/StatusWriter.cs", "Subresource = \"status\""),
        ("apischemas/status", "patch", "operator/Controllers/StatusWriter.cs", "Subresource = \"status\""),
        ("inferencepools/status", "patch", "operator/Controllers/StatusWriter.cs", "Subresource = \"status\""),
        ("pods", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "new Informer<PodView>"),
        ("services", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.Services"),
        ("statefulsets", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.StatefulSets"),
        ("daemonsets", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.DaemonSets"),
        ("replicasets", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.ReplicaSets"),
        ("jobs", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.Jobs"),
        ("deployments", "list watch", "operator/Controllers/Coverage/CoverageCaches.cs", "WorkloadView.Deployments"),
        ("namespaces", "list watch",
            "operator/Host/AdmissionCache.cs", "new Informer<KubernetesObject>(client, BuiltIn.Namespaces"),
        ("deployments", "get create patch", "operator/Controllers/Pools/PoolChildren.cs", "client.ApplyAsync(type"),
        ("deployments", "delete", "operator/Controllers/Pools/PoolChildren.cs", "client.DeleteAsync(type"),
        ("services", "get create patch", "operator/Controllers/Pools/PoolChildren.cs", "client.ApplyAsync(type"),
        ("poddisruptionbudgets", "get create patch",
            "operator/Controllers/Pools/PoolChildren.cs", "client.ApplyAsync(type"),
        ("horizontalpodautoscalers", "get create patch",
            "operator/Controllers/Pools/PoolChildren.cs", "client.ApplyAsync(type"),
        ("horizontalpodautoscalers", "delete", "operator/Controllers/Pools/PoolChildren.cs", "client.DeleteAsync(type"),
        ("nodes", "list", "operator/Controllers/Pools/PoolCluster.cs", "ListAsync(BuiltIn.Nodes"),
        ("nodes", "list", "operator/Host/InjectionState.cs", "ListAsync(BuiltIn.Nodes"),
        ("networkpolicies", "get create patch", "operator/Controllers/Pools/PoolChildren.cs", "client.ApplyAsync(type"),
        ("networkpolicies", "list delete",
            "operator/Controllers/Bypass/BypassPolicyController.cs", "DeleteAsync(BuiltIn.NetworkPolicies"),
        ("networkpolicies", "create patch",
            "operator/Controllers/Bypass/BypassPolicyController.cs", "ApplyAsync(BuiltIn.NetworkPolicies"),
        ("configmaps", "create patch",
            "operator/Controllers/Certificates/TrustBundleController.cs", "ApplyAsync(BuiltIn.ConfigMaps"),
        ("configmaps", "list watch",
            "operator/Controllers/Policies/PolicyCaches.cs", "client, BuiltIn.ConfigMaps, LabelledRules()"),
        ("configmaps", "get", "operator/Controllers/Models/RejectedModels.cs", "TryGetAsync(BuiltIn.ConfigMaps"),
        ("configmaps", "delete",
            "operator/Controllers/FixedConfigMap.cs", "BuiltIn.ConfigMaps, key, new DeleteOptions"),
        ("jobs", "get create delete", "operator/Controllers/Models/ClaimArtifactSource.cs", "CreateAsync(BuiltIn.Jobs"),
        ("pods/eviction", "create", "operator/Controllers/Coverage/CoverageRepairController.cs", "EvictAsync("),
        ("events", "create patch", "operator/Kubernetes/Events/EventRecorder.cs", "PatchAsync(BuiltIn.Events"),
        ("tokenreviews", "create",
            "operator/Kubernetes/Client/KubernetesClient.Subresources.cs", "BuiltIn.TokenReviews"),
        ("subjectaccessreviews", "create", "operator/Host/OperatorHost.cs", "client.MayAsync("),
        ("mutatingwebhookconfigurations", "get patch",
            "operator/Controllers/Certificates/CaBundleController.cs", "BuiltIn.Mutating"),
        ("validatingwebhookconfigurations", "get patch",
            "operator/Controllers/Certificates/CaBundleController.cs", "BuiltIn.Validating"),
        ("secrets", "get", "operator/Controllers/Models/ArtifactCredentials.cs", "TryGetAsync(BuiltIn.Secrets"),
        ("secrets", "list watch", "operator/Host/ControlPlane.cs", "BuiltIn.Secrets, Only("),
        ("secrets", "create update",
            "operator/Controllers/Certificates/CertificateController.cs", "ReplaceAsync(BuiltIn.Secrets"),
        ("secrets", "get list watch update", "operator/Host/ControlPlane.cs", "Only(poolSecret.Name)"),
        ("leases", "get create update",
            "operator/Kubernetes/LeaderElection/LeaseElector.cs", "ReplaceAsync(BuiltIn.Leases"),
    ];

    [Fact]
    public void Rights_OfTheOperator_AreThoseItsCodeUses()
    {
        var used = Uses.SelectMany(use => use.Verbs.Split(' ').Select(verb => $"{use.Resource}: {verb}")).ToHashSet();
        var given = Given().ToHashSet();

        Expect.None([
            .. given.Except(used).Select(right => $"{right} is given and not used"),
            .. used.Except(given).Select(right => $"{right} is used and not given"),
        ]);
    }

    /// <summary>Found in the code, not written down: a call without a right fails in a cluster only.</summary>
    [Fact]
    public void EveryCallToTheApiServer_HasARight()
    {
        var given = Given().ToHashSet();
        Assert.True(ApiCalls.All.Count > 30, $"only {ApiCalls.All.Count} calls were found");
        Expect.None(ApiCalls.All.Where(call => !given.Contains(call.Right))
            .Select(call => $"{call.Place} needs {call.Right}, which the chart does not give"));
    }

    /// <summary>Names that the chart holds the operator to, complete both ways.</summary>
    [Fact]
    public void RightsWithinNames_AreThese()
    {
        var found = Named().Matches(Repository.Read(Chart)).Select(rule =>
            $"{rule.Groups["resources"].Value}: {rule.Groups["verbs"].Value} of {rule.Groups["names"].Value}").Order();
        Assert.Equal(
            new[]
            {
                "configmaps: patch, delete of waf-operator-ca, waf-rejected-models",
                "leases: get, update of waf-operator",
                "mutatingwebhookconfigurations, validatingwebhookconfigurations: get, patch of waf-operator",
                "secrets: get, list, watch, update of waf-operator-tls, waf-operator-pools",
                "secrets: get, update of waf-operator-authority",
            }.Order(), found);
    }

    [Fact]
    public void Uses_NameCodeThatIsThere() => Expect.None(
        Uses.Where(use => !Repository.Read(use.File).Contains(use.Text, StringComparison.Ordinal))
            .Select(use => $"{use.Resource}: {use.File} does not hold: {use.Text}"));

    /// <summary>Rights of the roles named waf-operator; those behind them are for people.</summary>
    internal static IEnumerable<string> Given()
    {
        var roles = Repository.Read(Chart).Split("# For people", 2)[0];
        Assert.DoesNotContain('*', roles);
        foreach (Match rule in Rule().Matches(roles))
        {
            foreach (var resource in Names(rule.Groups["resources"].Value))
            {
                foreach (var verb in Names(rule.Groups["verbs"].Value)) yield return $"{resource}: {verb}";
            }
        }
    }

    private static string[] Names(string list) => list.Split(',', StringSplitOptions.TrimEntries);

    [GeneratedRegex(
        @"resources: \[(?<resources>[^\]]+)\]\s+resourceNames: \[(?<names>[^\]]+)\]\s+verbs: \[(?<verbs>[^\]]+)\]")]
    private static partial Regex Named();

    [GeneratedRegex(
        @"resources: \[(?<resources>[^\]]+)\]\s+(resourceNames: \[[^\]]+\]\s+)?verbs: \[(?<verbs>[^\]]+)\]")]
    private static partial Regex Rule();
}
