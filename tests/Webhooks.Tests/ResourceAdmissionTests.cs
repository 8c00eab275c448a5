using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;

namespace WafOperator.Webhooks.Tests;

public sealed class ResourceAdmissionTests
{
    private static JsonNode Policy(string spec) => YamlText.Read($$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: WafPolicy
        metadata: {name: shop, namespace: shop}
        spec: {{spec}}
        """)!;

    [Theory]
    [InlineData("{targetRefs: [{kind: Deployment, name: shop}], mode: Enforce}")]
    [InlineData("{}")]
    [InlineData("{ml: {models: [{model: nowhere}]}}")]
    public async Task AGoodPolicy_IsAllowed(string spec)
    {
        var response = await ReviewAsync(Policy(spec));
        Assert.True((bool)response["allowed"]!, response.ToJsonString());
    }

    [Theory]
    [InlineData("{rules: {paranoia: 9}}", "spec.rules.paranoia", "FieldValueInvalid")]
    [InlineData("{rateLimits: [{requests: 5}]}", "spec.rateLimits[0].name", "FieldValueRequired")]
    [InlineData("{ml: {thresholds: {medium: \"0.9\", high: \"0.5\"}}}", "spec.ml.thresholds", "FieldValueInvalid")]
    [InlineData("{mode: \"Enforced\"}", "spec.mode", "FieldValueNotSupported")]
    [InlineData("{mood: Enforce}", "spec.mood", "FieldValueForbidden")]
    [InlineData("{rules: {inline: \"SecRuul ARGS\"}}", "spec.rules.inline", "FieldValueInvalid")]
    [InlineData("{accessLists: {denyClients: [\"10.0.0.0/33\"]}}", "spec.accessLists.denyClients[0]",
        "FieldValueInvalid")]
    [InlineData("{routes: [{pathPrefix: /a}, {pathPrefix: /a}]}", "spec.routes[1]", "FieldValueDuplicate")]
    [InlineData("{body: {limit: 1Gi}}", "spec.body.limit", "FieldValueInvalid")]
    public async Task ABadPolicy_IsRefusedWithItsField(string spec, string field, string reason)
    {
        var response = await ReviewAsync(Policy(spec));

        Assert.False((bool)response["allowed"]!);
        Assert.Equal(422, (int)response["status"]!["code"]!);
        Assert.Contains(field, (string)response["status"]!["message"]!, StringComparison.Ordinal);
        var cause = Assert.Single(response["status"]!["details"]!["causes"]!.AsArray())!;
        Assert.Equal((field, reason), ((string?)cause["field"], (string?)cause["reason"]));
    }

    [Fact]
    public async Task AllErrors_AreSaidAtOnce()
    {
        var response =
            await ReviewAsync(Policy(
                "{rules: {paranoia: 9, inboundThreshold: 0}, mode: \"x\", blockResponse: {statusCode: 200}}"));
        Assert.Equal(4, response["status"]!["details"]!["causes"]!.AsArray().Count);
    }

    [Fact]
    public async Task AFieldThatTheApiServerDropped_IsFoundInWhatWasApplied()
    {
        var policy = Policy("{mode: Enforce}");
        var given = Policy("{mode: Enforce, rules: {paranoja: 2}}");
        policy["metadata"]!["annotations"] =
            new JsonObject { ["kubectl.kubernetes.io/last-applied-configuration"] = given.ToJsonString() };
        var response = await ReviewAsync(policy);

        Assert.False((bool)response["allowed"]!);
        Assert.Contains("spec.rules.paranoja: unknown field; did you mean paranoia?",
            (string)response["status"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnInvalidObject_CanStillBeDeletedOrRelabelled()
    {
        var old = Policy("{rules: {paranoia: 9}}");
        var going = old.DeepClone();
        going["metadata"]!["deletionTimestamp"] = "2026-11-22T00:00:00Z";
        var labelled = old.DeepClone();
        labelled["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };

        Assert.True((bool)(await ReviewAsync(going, old))["allowed"]!);
        Assert.True((bool)(await ReviewAsync(labelled, old))["allowed"]!);
    }

    [Fact]
    public async Task AModelVersion_KeepsItsArtifact()
    {
        var old = YamlText.Read("""
            apiVersion: wafoperator.dev/v1alpha1
            kind: ModelVersion
            metadata: {name: gate-1, namespace: shop}
            spec:
              model: gate
              version: 1.0.0
              artifact: {uri: "builtin://gate", digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
            """)!;
        var changed = old.DeepClone();
        changed["spec"]!["version"] = "1.0.1";
        var suspended = old.DeepClone();
        suspended["spec"]!["suspend"] = true;

        var refused = await ReviewAsync(changed, old);
        Assert.False((bool)refused["allowed"]!);
        Assert.Contains("immutable", (string)refused["status"]!["message"]!, StringComparison.Ordinal);
        Assert.True((bool)(await ReviewAsync(suspended, old))["allowed"]!);
    }

    [Fact]
    public async Task AnExclusionOfEverything_IsRefused()
    {
        var response = await ReviewAsync(YamlText.Read("""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafExclusion
            metadata: {name: all, namespace: shop}
            spec: {policy: shop, reason: because}
            """)!);
        Assert.Contains("name at least one of rules, families or models", (string)response["status"]!["message"]!,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{rules: [\"942100\"], match: {path: /search}}", "")]
    [InlineData("{rules: [\"942100\"]}", "spec.match")]
    [InlineData("{rules: [\"1-999999999\"], models: [gate], match: {path: /a}}", "spec.rules[0]")]
    public async Task AnExclusion_IsHeldAgainstTheBoundsOfItsPolicy(string fields, string field)
    {
        var exclusion = Exclusion(fields);
        var response = await ReviewAsync(exclusion, cache: MemoryCache.WithShop());

        Assert.Equal(field.Length == 0, (bool)response["allowed"]!);
        if (field.Length > 0)
            Assert.Equal(field, (string?)response["status"]!["details"]!["causes"]![0]!["field"]);
    }

    [Fact]
    public async Task AnExclusionBeforeItsPolicy_IsRefusedOnlyForWhatNoPolicyAllows()
    {
        Assert.True((bool)(await ReviewAsync(Exclusion("{rules: [\"942100\"]}")))["allowed"]!);
        Assert.False((bool)(await ReviewAsync(Exclusion("{rules: [\"949110\"]}")))["allowed"]!);
    }

    [Theory]
    [InlineData("openapi: 3.0.3\npaths: {/a: {get: {operationId: read}}}", "", "")]
    [InlineData("openapi: 3.0.3\npaths: {/a: {get: {parameters: [{name: a, in: body}]}}}", "spec.document",
        "/paths/~1a/get/parameters/0/in: is not path, query, header or cookie")]
    [InlineData("openapi: 3.0.3\npaths: {/a: {get: {}}, /a: {}}", "spec.document",
        "line 2, column 24: the key /a stands twice (first in line 2)")]
    [InlineData("openapi: 3.0.3\nx: &a [*a]\npaths: {}", "spec.document", "line 2, column 8: the alias *a")]
    public async Task AnApiSchema_IsRefusedForItsDocument(string document, string field, string reason)
    {
        var cache = new MemoryCache
        {
            TextList = { ["items-api"] = new Dictionary<string, string> { ["openapi.yaml"] = document } },
        };
        var response = await ReviewAsync(ApiSchema("read"), cache: cache);

        Assert.Equal(field.Length == 0, (bool)response["allowed"]!);
        if (field.Length == 0) return;
        Assert.Equal(field, (string?)response["status"]!["details"]!["causes"]![0]!["field"]);
        Assert.Contains(reason, (string)response["status"]!["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "spec.document.configMap: there is no ConfigMap items-api")]
    [InlineData(true, "spec.operations[0].operation: the document has no operation gone")]
    public async Task WhatAnApiSchemaLacksNow_MayComeLater(bool isThere, string warning)
    {
        var cache = new MemoryCache();
        if (isThere)
        {
            cache.TextList["items-api"] = new Dictionary<string, string>
            {
                ["openapi.yaml"] = "{\"openapi\":\"3.1.0\",\"paths\":{}}",
            };
        }

        var response = await ReviewAsync(ApiSchema("gone"), cache: cache);

        Assert.True((bool)response["allowed"]!);
        Assert.StartsWith(
            warning, (string?)Assert.Single(response["warnings"]!.AsArray()), StringComparison.Ordinal);
    }

    private static JsonNode ApiSchema(string operation) => YamlText.Read($$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: ApiSchema
        metadata: {name: items, namespace: shop}
        spec: {policy: shop, document: {configMap: items-api}, operations: [{operation: {{operation}}, mode: Enforce}]}
        """)!;

    private static JsonNode Exclusion(string fields)
    {
        var exclusion = YamlText.Read($$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafExclusion
            metadata: {name: tuned, namespace: shop}
            spec: {{fields}}
            """)!;
        exclusion["spec"]!["policy"] = "shop";
        exclusion["spec"]!["reason"] = "tuned";
        return exclusion;
    }

    private static async Task<JsonObject> ReviewAsync(
        JsonNode @object, JsonNode? old = null, MemoryCache? cache = null)
    {
        await using var server = await AdmissionServer.StartAsync(cache ?? new MemoryCache());
        return await server.ReviewAsync(AdmissionEndpoints.ResourcesPath, @object, old is null ? "CREATE" : "UPDATE",
            old);
    }
}
