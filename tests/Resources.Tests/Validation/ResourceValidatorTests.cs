using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;
using WafOperator.Resources.Validation;

namespace WafOperator.Resources.Tests.Validation;

public sealed class ResourceValidatorTests
{
    /// <summary>kind, spec, path of the only error, id of the CEL rule it stands for (or empty).</summary>
    public static TheoryData<string, string, string, string> Broken => new()
    {
        { "WafPolicy", "{rules: {paranoia: 3, detectionParanoia: 2}}", "spec.rules", "paranoia-order" },
        { "WafPolicy", "{ml: {thresholds: {medium: \"0.8\", high: \"0.7\"}}}", "spec.ml.thresholds",
            "threshold-order" },
        { "WafPolicy", "{targetRefs: [{kind: Service, name: x, group: apps}]}", "spec.targetRefs[0]", "target-group" },
        { "WafPolicy", "{targetRefs: [{kind: CronJob, name: x, group: apps}]}", "spec.targetRefs[0]", "target-group" },
        { "WafPolicy", "{targetRefs: [{kind: Pod, selector: {}, group: apps}]}", "spec.targetRefs[0]", "target-group" },
        { "WafPolicy", "{targetRefs: [{kind: Pod, name: x}]}", "spec.targetRefs[0]", "target-selector" },
        { "WafPolicy", "{targetRefs: [{kind: Pod}]}", "spec.targetRefs[0]", "target-selector" },
        { "WafPolicy", "{targetRefs: [{kind: DaemonSet}]}", "spec.targetRefs[0]", "target-selector" },
        { "WafPolicy", "{targetRefs: [{kind: Job, name: x, selector: {}}]}", "spec.targetRefs[0]", "target-selector" },
        { "WafPolicy", "{targetRefs: [{kind: Pod, selector: {matchExpressions: [{key: app, operator: In}]}}]}",
            "spec.targetRefs[0].selector.matchExpressions[0]", "label-values" },
        { "WafPolicy",
            "{targetRefs: [{kind: Pod, selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}",
            "spec.targetRefs[0].selector.matchExpressions[0]", "label-values" },
        { "WafPolicy", "{targetRefs: [{kind: Pod, selector: {matchLabels: {a: b}}}, "
            + "{kind: Pod, selector: {matchLabels: {a: b}}}]}", "spec.targetRefs[1]", "" },
        { "WafPolicy", "{rateLimits: [{name: a, requests: 1, key: Header}]}", "spec.rateLimits[0]", "rate-limit-key" },
        { "WafPolicy", "{rateLimits: [{name: a, requests: 1001, distinct: {of: Client}}]}", "spec.rateLimits[0]",
            "rate-limit-distinct" },
        { "WafPolicy", "{rateLimits: [{name: a, requests: 9, distinct: {of: Session}}]}", "spec.rateLimits[0].distinct",
            "distinct-name" },
        { "WafPolicy", "{rateLimits: [{name: a, requests: 9, distinct: {of: Route, name: x}}]}",
            "spec.rateLimits[0].distinct", "distinct-of" },
        { "WafPolicy", "{rateLimits: [{name: a, requests: 9, cost: {bytesPerUnit: 0}}]}",
            "spec.rateLimits[0].cost.bytesPerUnit", "" },
        { "WafPolicy", "{behaviour: {actions: {medium: Block, high: Log, critical: Log}}}", "spec.behaviour.actions",
            "" },
        { "WafPolicy", "{behaviour: {exemptClients: [\"10.0.0.0/33\"]}}", "spec.behaviour.exemptClients[0]", "" },
        { "WafPolicy", "{behaviour: {quarantineFor: 8d}}", "spec.behaviour.quarantineFor", "" },
        { "WafPolicy", "{behaviour: {throttle: {period: 25h}}}", "spec.behaviour.throttle.period", "" },
        { "WafPolicy", "{routes: [{pathPrefix: /, upgrades: [tcp, websocket]}]}", "spec.routes[0]", "route-upgrades" },
        { "WafPolicy", "{routes: [{pathPrefix: /, upgrades: [h2c]}]}", "spec.routes[0]", "route-upgrades" },
        { "WafPolicy", "{routes: [{pathPrefix: /, upgrades: [http/2.0]}]}", "spec.routes[0]", "route-upgrades" },
        { "WafPolicy", "{routes: [{pathPrefix: /, upgrades: [tls/1.0]}]}", "spec.routes[0]", "route-upgrades" },
        { "WafPolicy", "{routes: [{pathPrefix: /, upgrades: [TCP]}]}", "spec.routes[0].upgrades[0]", "" },
        { "WafPolicy", "{upstream: {tls: {ca: {name: shop-ca}}}}", "spec.upstream.tls", "upstream-tls-name" },
        { "WafPolicy", "{upstream: {tls: {insecureSkipVerify: true, ca: {name: shop-ca}}}}", "spec.upstream.tls",
            "upstream-tls-ca" },
        { "WafPolicy", "{upstream: {tls: {serverName: a, ca: {kind: Secret}}}}", "spec.upstream.tls.ca.name", "" },
        { "WafPolicy", "{upstream: {tls: {serverName: a, ports: [0]}}}", "spec.upstream.tls.ports[0]", "" },
        { "WafPolicy", "{upstream: {idleTimeout: 99ms}}", "spec.upstream.idleTimeout", "" },
        { "WafPolicy", "{upstream: {idleTimeout: 2h}}", "spec.upstream.idleTimeout", "" },
        { "WafExclusion", "{policy: shop, reason: tuned}", "spec", "exclusion-what" },
        { "ModelVersion", "{model: a, version: 1.0.0, artifact: " + Artifact + ", serving: {mode: Pool}}",
            "spec.serving", "serving-pool" },
        { "ModelVersion", "{model: a, version: 1.0.0, artifact: {uri: \"builtin://gate\", digest: \"" + Digest
            + "\", sizeLimit: 257Mi}}", "spec.artifact.sizeLimit", "" },
        { "InferencePool", "{autoscaling: {minReplicas: 5, maxReplicas: 2}}", "spec.autoscaling", "autoscaling-order" },
        { "WafSink", "{protocol: Syslog, url: \"https://siem.example/\"}", "spec.url", "" },
        { "WafSink", "{protocol: Http, url: \"tls://siem.example:6514\"}", "spec.url", "" },
        { "WafSink", "{protocol: Syslog, url: \"tls://siem.example\"}", "spec.url", "" },
        { "WafSink", "{protocol: Http, url: \"https://a@siem.example/\"}", "spec.url", "" },
        { "WafSink", "{protocol: Syslog, url: \"tls://siem.example:6514\", credentialsSecret: a}",
            "spec.credentialsSecret", "" },
        { "WafSink", "{protocol: Http, url: \"http://siem.example/\", tls: {caSecret: a}}", "spec.tls", "" },
        { "WafPolicy", "{targetRefs: [{kind: Service, name: x}, {kind: Service, name: x}]}", "spec.targetRefs[1]", "" },
        { "WafPolicy", "{sidecar: {memoryRequest: 1Gi}}", "spec.sidecar.memoryRequest", "" },
        { "WafPolicy", "{sidecar: {cpuRequest: \"2\", cpuLimit: 500m}}", "spec.sidecar.cpuRequest", "" },
        { "WafPolicy", "{ml: {latencyBudget: 1h}}", "spec.ml.latencyBudget", "" },
        { "WafPolicy", "{ml: {ensemble: Weighted, models: [{model: a, weight: \"0\"}]}}", "spec.ml.models", "" },
        { "WafPolicy", "{behaviour: {challenge: {passFor: 200h}}}", "spec.behaviour.challenge.passFor", "" },
        { "WafPolicy", "{logins: [{pathPrefix: /in, perUser: {failures: 5}}]}", "spec.logins[0].perUser", "" },
        { "WafPolicy", "{logins: [{pathPrefix: /in, perClient: {period: 48h}}]}",
            "spec.logins[0].perClient.period", "" },
        { "WafPolicy", "{ml: {actions: {medium: Block}}}", "spec.ml.actions.high", "" },
        { "WafPolicy", "{ml: {actions: {medium: Allow, high: Block, critical: Log}}}", "spec.ml.actions.critical", "" },
        { "WafPolicy", "{clientIdentity: {trustedProxies: [\"10.0.0.0/33\"]}}", "spec.clientIdentity.trustedProxies[0]",
            "" },
        { "WafPolicy", "{accessLists: {allowClients: [\"1.2.3\", \"::g\"]}}", "spec.accessLists.allowClients[1]", "" },
        { "WafPolicy", "{rules: {disabledRules: [\"9-5\"]}}", "spec.rules.disabledRules[0]", "" },
        { "WafPolicy", "{routes: [{pathPrefix: api}]}", "spec.routes[0].pathPrefix", "" },
        { "WafPolicy", "{blockResponse: {statusCode: 200}}", "spec.blockResponse.statusCode", "" },
        { "WafPolicy", "{body: {limit: 0}}", "spec.body.limit", "" },
        { "WafExclusion", "{policy: shop, reason: tuned, rules: [\"1\"], match: {part: Body, name: q}}",
            "spec.match.name", "" },
        { "WafExclusion", "{policy: shop, reason: tuned, rules: [\"1\"], expiresAt: tomorrow}", "spec.expiresAt", "" },
        { "ModelVersion", "{model: a, version: v1, artifact: " + Artifact + "}", "spec.version", "" },
        { "ModelVersion", "{model: a, version: 1.0.0, artifact: {uri: \"ftp://x/y\", digest: \"" + Digest + "\"}}",
            "spec.artifact.uri", "" },
        { "ModelVersion", "{model: a, version: 1.0.0, artifact: " + Artifact
            + ", rollout: {steps: [{weight: 50}, {weight: 10}]}}", "spec.rollout.steps[1].weight", "" },
        { "ModelVersion", "{model: a, version: 1.0.0, artifact: " + Artifact + ", rollout: {analysis: {alpha: \"0\"}}}",
            "spec.rollout.analysis.alpha", "" },
        { "InferencePool", "{ladder: []}", "spec.ladder", "" },
        { "InferencePool", "{batching: {queueDelayMax: 5s}}", "spec.batching.queueDelayMax", "" },
        { "InferencePool", "{retryAfter: 1us}", "spec.retryAfter", "" },
    };

    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private const string Artifact = "{uri: \"builtin://gate\", digest: \"" + Digest + "\"}";

    [Theory, MemberData(nameof(Broken))]
    public void ABrokenObject_HasOneErrorAtItsField(string kind, string spec, string path, string rule)
    {
        var errors = ResourceValidator.Validate(Object(kind, spec)).Errors;
        Assert.Contains(errors, error => error.Path == path && (error.RuleId ?? "") == rule);
    }

    [Fact]
    public void EveryCelRule_IsBrokenByACaseAbove() => Assert.Equal(
        FieldRules.Ids.Where(id => id != "immutable").Order(StringComparer.Ordinal),
        Broken.Select(row => (string)row[3]).Where(id => id.Length > 0).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("WafPolicy", "{}")]
    [InlineData("WafPolicy",
        "{targetRefs: [{kind: Service, name: x}, {kind: Deployment, group: apps, name: x}], accessLists: "
        + "{denyClients: [\"10.0.0.0/8\", \"2001:db8::1\"]}}")]
    [InlineData("WafExclusion",
        "{policy: shop, reason: tuned, families: [Sqli], expiresAt: \"2027-01-31T00:00:00+01:00\"}")]
    [InlineData("ModelVersion", "{model: a, version: 1.0.0-rc.1, artifact: " + Artifact
        + ", serving: {mode: Pool, pool: large}}")]
    [InlineData("InferencePool", "{}")]
    public void AGoodObject_HasNoErrors(string kind, string spec)
    {
        var result = ResourceValidator.Validate(Object(kind, spec));
        Assert.Empty(result.Errors);
        Assert.NotNull(result.Resource);
    }

    [Fact]
    public void Immutable_ChangedArtifact_IsSaid()
    {
        var old = Object("ModelVersion", "{model: a, version: 1.0.0, artifact: " + Artifact + "}");
        var changed = Object("ModelVersion", "{model: a, version: 1.0.1, artifact: " + Artifact + "}");
        Assert.Equal(FieldErrorReason.Immutable, Assert.Single(ResourceValidator.Validate(changed, old).Errors).Reason);
        Assert.Empty(ResourceValidator.Validate(old, old).Errors);
    }

    [Fact]
    public void LengthsAreCountedInCharacters_NotInBytesOrUnits()
    {
        var reason = string.Concat(Enumerable.Repeat("🔥", 1024));
        Assert.Empty(ResourceValidator.Validate(
            Object("WafExclusion", $"{{policy: shop, rules: [\"1\"], reason: \"{reason}\"}}")).Errors);
        Assert.Single(ResourceValidator.Validate(
            Object("WafExclusion", $"{{policy: shop, rules: [\"1\"], reason: \"{reason}x\"}}")).Errors);
    }

    [Fact]
    public void Patterns_EndAtTheVeryEnd() =>
        Assert.Single(ResourceValidator.Validate(
            Object("WafExclusion", "{policy: \"shop\\n\", rules: [\"1\"], reason: tuned}")).Errors);

    [Fact]
    public void Validate_DoesNotChangeItsInput()
    {
        var raw = Object("WafPolicy", "{rules: {}}");
        var before = raw.ToJsonString();
        ResourceValidator.Validate(raw);
        Assert.Equal(before, raw.ToJsonString());
    }

    [Fact]
    public void ErrorsAreBounded()
    {
        var spec = new JsonObject();
        for (var i = 0; i < 5_000; i++) spec[$"unknown{i}"] = i;
        var raw = Object("WafPolicy", "{}");
        raw["spec"] = spec;
        Assert.Equal(StructuralValidator.ErrorsMax, ResourceValidator.Validate(raw).Errors.Count);
    }

    private static JsonObject Object(string kind, string spec) =>
        YamlText.Read($"apiVersion: wafoperator.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: "
        + $"x}}\nspec: {spec}\n")!.AsObject();
}
