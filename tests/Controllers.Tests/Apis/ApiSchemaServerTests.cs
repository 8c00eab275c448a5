using System.Text.Json.Nodes;
using WafOperator.Controllers.Apis;
using WafOperator.Controllers.Tests.Models;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Apis;

/// <summary>
/// The kind on a real API server: defaults, refusals, and a full status that comes back as it was written.
/// </summary>
[Collection(ApiServerCollection.Name)]
public sealed class ApiSchemaServerTests(TestApiServer server)
{
    [Fact]
    public async Task AnObject_IsDefaulted_AndItsStatusIsKeptWhole()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        var created = await CreateAsync(world, "items", new JsonObject
        {
            ["policy"] = "shop", ["document"] = new JsonObject { ["configMap"] = "items-api" },
            ["operations"] = new JsonArray(new JsonObject { ["operation"] = "GET /items/{id}", ["mode"] = "Enforce" }),
        });
        Assert.Equal((ApiSchemaMode.Observe, "openapi.yaml"),
            (created.Value.Spec.Mode, created.Value.Spec.Document.Key));

        var names = Enumerable.Range(0, 2000).Select(i => $"GET /operation/{i}/" + new string('x', 300)).ToList();
        var api = new CompiledApi
        {
            Name = "items", Document = "abc", Operations = names, UncheckedCount = 50,
            Unchecked = [.. Enumerable.Range(0, 60).Select(i => $"/paths/{i}: " + new string('y', 900))],
        };
        var status = ApiSchemaSummary.Of(api, [
            new ApiSchemaReport
            {
                Name = "items", Document = "abc", Requests = 3,
                Findings = [new(1999, "Body", 2), new(-1, "UnknownPath", 1)],
                Shadows = [new("GET /admin", 1, 1)],
            },
        ], null) with
        {
            ObservedGeneration = 1,
            Conditions = ApiSchemaConditions.Compute(
                new(true, "Accepted", "in force"), 1, DateTimeOffset.UnixEpoch, []),
        };
        await new StatusWriter(world.Client).WriteAsync(
            ControllerKinds.ApiSchemas, created, created.Value.Status, status, CancellationToken.None);

        var stored = await world.Client.GetAsync(
            ControllerKinds.ApiSchemas, new NamespacedName(world.Namespace, "items"), CancellationToken.None);
        Assert.Equal(500, stored.Value.Status!.Unseen.Count);
        Assert.Equal(status.Findings, stored.Value.Status.Findings);
        Assert.Equal(status.Unchecked, stored.Value.Status.Unchecked);
    }

    [Theory]
    [InlineData("""{"policy":"shop","document":{}}""", "spec.document.configMap")]
    [InlineData("""{"document":{"configMap":"a"}}""", "spec.policy")]
    [InlineData("""{"policy":"shop","document":{"configMap":"a"},"mode":"Block"}""", "spec.mode")]
    [InlineData("""{"policy":"shop","document":{"configMap":"a"},"basePath":"api"}""", "spec.basePath")]
    [InlineData("""{"policy":"shop","document":{"configMap":"a"},"reasons":[{"reason":"Color","mode":"Off"}]}""",
        "spec.reasons")]
    public async Task AnObjectThatIsWrong_IsRefusedWithItsField(string spec, string field)
    {
        await using var world = await RolloutWorld.CreateAsync(server);

        var refusal = await Assert.ThrowsAsync<KubernetesApiException>(
            () => CreateAsync(world, "wrong", (JsonObject)JsonNode.Parse(spec)!));

        Assert.True(refusal.IsInvalid);
        Assert.Contains(field, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADocumentThatIsRefused_ShowsItsPlace_AndTheNextOneIsInForce()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await using var life = await ApiSchemaOperator.StartAsync(world);
        await life.SettleAsync(
            status => Says(status, "False", "ApiDocumentNotFound", "there is no ConfigMap items-api"), "not there");

        await life.WriteAsync("""
            openapi: 3.0.3
            paths:
              /items:
                get: {operationId: list, parameters: [{name: q, in: query, schema: {pattern: '(a+)\1'}}]}
            """);
        var refused = await life.SettleAsync(
            status => Says(status, "False", "ApiDocumentInvalid", "/paths/~1items/get/parameters/0/schema/pattern: "),
            "the pattern is refused");
        Assert.Equal("True", refused.Conditions.Single(condition => condition.Type == "Stalled").Status.ToString());
        Assert.NotNull(life.Document);
        Assert.Null(life.Document.ApiSchemas);

        await life.WriteAsync("""
            openapi: 3.0.3
            paths:
              /items: {get: {operationId: list}, post: {operationId: add}}
            """);
        var accepted = await life.SettleAsync(status => Says(status, "True", "Accepted", "WafPolicy shop"), "in force");
        Assert.Equal((2, 2), (accepted.Operations, accepted.UnseenCount));
        Assert.Equal(accepted.Document, ApiSchemaDigest.Of(Assert.Single(life.Document.ApiSchemas!).Document));
    }

    [Fact]
    public async Task WhatSidecarsCount_IsInTheStatus()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await using var life = await ApiSchemaOperator.StartAsync(world);
        await life.WriteAsync("{\"openapi\":\"3.1.0\",\"paths\":{\"/items\":{\"get\":{},\"post\":{}}}}");
        var accepted = await life.SettleAsync(status => status.Document is not null, "in force");

        await life.ReportAsync(new ApiSchemaReport
        {
            Name = "items", Document = accepted.Document!, Requests = 7, Operations = [0, 5],
            Findings = [new(1, "Body", 2), new(-1, "UnknownPath", 2)],
            Shadows = [new("GET /admin", 1, 0), new("GET /export/{id}", 1, 1)],
        });
        var counted = await life.SettleAsync(status => status.Requests == 7, "what was counted is there");

        Assert.Equal(["GET /items"], counted.Unseen);
        Assert.Equal([("GET /export/{id}", 1L), ("GET /admin", 0L)],
            counted.Shadows.Select(shadow => (shadow.Path, shadow.Answered)));
        Assert.Equal([(null, ApiReason.UnknownPath), ("POST /items", ApiReason.Body)],
            counted.Findings.Select(finding => (finding.Operation, finding.Reason)));
    }

    private static bool Says(ApiSchemaStatus status, string accepted, string reason, string message) =>
        status.Conditions.FirstOrDefault(condition => condition.Type == "Accepted") is { } found
        && found.Status.ToString() == accepted && found.Reason == reason
        && found.Message.Contains(message, StringComparison.Ordinal);

    private static Task<Resource<ApiSchema>> CreateAsync(RolloutWorld world, string name, JsonObject spec) =>
        world.Client.CreateAsync(
            ControllerKinds.ApiSchemas,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = name }, ["spec"] = spec,
            },
            CancellationToken.None);
}
