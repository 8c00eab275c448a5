using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Kinds;

/// <summary>Our manifests in today's Kubernetes: it takes them, holds their CEL rules, defaults and prunes.</summary>
public sealed class KindScenarios(CustomResourceServer server) : IClassFixture<CustomResourceServer>
{
    private const string Resources = "/apis/wafoperator.dev/v1alpha1/namespaces/default/";

    public static TheoryData<string, string, string> Refused => new()
    {
        { "wafpolicies", Policy("mode: Strict"), "spec.mode" },
        { "wafpolicies", Policy("rules: {paranoia: 5}"), "spec.rules.paranoia" },
        { "wafpolicies", Policy("rules: {paranoia: 3, detectionParanoia: 2}"), "detectionParanoia must not be lower than paranoia" },
        { "wafpolicies", Policy("targetRefs: [{kind: Deployment, group: batch, name: shop}]"), "group must be empty for a Service" },
        { "wafpolicies", Policy("ml: {thresholds: {medium: \"0.8\", high: \"0.7\", critical: \"0.9\"}}"), "thresholds must not fall" },
        { "wafpolicies", Policy("rateLimits: [{name: login, requests: 5, key: Header}]"), "need keyName" },
        {
            "wafexclusions",
            "apiVersion: wafoperator.dev/v1alpha1\nkind: WafExclusion\nmetadata: {name: x}\nspec: {policy: shop, reason: because}",
            "name at least one of rules, families or models"
        },
        {
            "apischemas",
            "apiVersion: wafoperator.dev/v1alpha1\nkind: ApiSchema\nmetadata: {name: x}\n"
                + "spec: {policy: shop, document: {configMap: items}, mode: Block}",
            "spec.mode"
        },
        {
            "wafsinks",
            "apiVersion: wafoperator.dev/v1alpha1\nkind: WafSink\nmetadata: {name: x}\n"
                + "spec: {protocol: Http, url: \"ftp://siem.example/\"}",
            "spec.url"
        },
        {
            "inferencepools",
            "apiVersion: wafoperator.dev/v1alpha1\nkind: InferencePool\nmetadata: {name: x}\nspec: {autoscaling: {minReplicas: 5, maxReplicas: 2}}",
            "minReplicas must not be over maxReplicas"
        },
    };

    [ClusterTheory]
    [MemberData(nameof(Refused))]
    public async Task A_bad_object_is_refused_with_the_field_or_the_rule(string plural, string yaml, string message)
    {
        var (status, text) = await server.SendAsync(HttpMethod.Post, Resources + plural, yaml);

        Assert.Equal(422, status);
        Assert.Contains(message, text, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task The_demo_policy_is_taken_by_server_side_apply_and_defaulted()
    {
        var (status, text) = await server.SendAsync(
            HttpMethod.Patch, Resources + "wafpolicies/shop?fieldManager=scenario&fieldValidation=Strict", Shop.Manifest("wafpolicy"),
            "application/apply-patch+yaml");

        Assert.True(status is 200 or 201, text);
        using var stored = JsonDocument.Parse(text);
        var spec = stored.RootElement.GetProperty("spec");
        Assert.Equal("Enforce", spec.GetProperty("mode").GetString());
        Assert.Equal("owasp-crs", spec.GetProperty("rules").GetProperty("sets")[0].GetString());
        Assert.Equal(5, spec.GetProperty("rules").GetProperty("inboundThreshold").GetInt32());
        Assert.Contains(
            "scenario", stored.RootElement.GetProperty("metadata").GetProperty("managedFields")[0].GetProperty("manager").GetString());
    }

    [ClusterFact]
    public async Task A_status_written_with_the_spec_is_ignored()
    {
        var (status, text) = await server.SendAsync(
            HttpMethod.Post, Resources + "wafpolicies", Policy("mode: Detect", "forged") + "\nstatus: {revision: forged}");

        Assert.Equal(201, status);
        using var stored = JsonDocument.Parse(text);
        Assert.False(stored.RootElement.TryGetProperty("status", out _));
    }

    private static string Policy(string spec, string name = "x") =>
        $"apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: {{name: {name}}}\nspec:\n  {spec}";
}
