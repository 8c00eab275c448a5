using System.Text.Json.Nodes;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests;

/// <summary>Statuses against a real API server, which merges what is applied with what was.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class StatusWriterTests(RealControlPlane plane)
{
    [Fact]
    public async Task Lists_ThatBecomeEmpty_AreRemoved()
    {
        using var client = plane.Client();
        var ns = await plane.NamespaceAsync();
        var policy = await client.CreateAsync(ControllerKinds.Policies, new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = "shop" },
            ["spec"] = new JsonObject { ["mode"] = "Detect" },
        }, default);
        var writer = new StatusWriter(client);
        var full = new WafPolicyStatus
        {
            Coverage = new()
            {
                Missing = 1, MissingReasons = [new() { Reason = "NotRequested", Count = 1, Pods = ["shop-1"] }],
            },
            Inspection = new() { Uninspected = [new() { Reason = "FileContent", Share = "0.1" }] },
            Models = [new() { Model = "gate" }],
            Conditions =
            [
                new()
                {
                    Type = "Ready", Status = ConditionStatus.True, Reason = "AsExpected", Message = "as it should be",
                    LastTransitionTime = DateTimeOffset.UnixEpoch,
                },
            ],
        };
        Assert.True(await writer.WriteAsync(ControllerKinds.Policies, policy, policy.Value.Status, full, default));
        policy = (await client.GetAsync(ControllerKinds.Policies, policy.Metadata.Key, default))!;
        Assert.Equal("NotRequested", Assert.Single(policy.Value.Status!.Coverage!.MissingReasons).Reason);

        var empty = new WafPolicyStatus { Coverage = new(), Inspection = new() };
        Assert.True(await writer.WriteAsync(ControllerKinds.Policies, policy, policy.Value.Status, empty, default));

        policy = (await client.GetAsync(ControllerKinds.Policies, policy.Metadata.Key, default))!;
        Assert.Empty(policy.Value.Status!.Coverage!.MissingReasons);
        Assert.Empty(policy.Value.Status.Inspection!.Uninspected);
        Assert.Empty(policy.Value.Status.Models);
        Assert.Empty(policy.Value.Status.Conditions);
        Assert.False(await writer.WriteAsync(ControllerKinds.Policies, policy, policy.Value.Status, empty, default));
    }

    [Fact]
    public async Task AnObject_ThatChangedMeanwhile_IsNotWrittenToWhereThatMatters()
    {
        using var client = plane.Client();
        var policy = await client.CreateAsync(ControllerKinds.Policies, new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = await plane.NamespaceAsync(), ["name"] = "shop" },
            ["spec"] = new JsonObject { ["mode"] = "Detect" },
        }, default);
        var writer = new StatusWriter(client);
        var status = new WafPolicyStatus { Revision = "1" };
        Assert.True(await writer.WriteIfUnchangedAsync(ControllerKinds.Policies, policy, null, status, default));

        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => writer.WriteIfUnchangedAsync(
            ControllerKinds.Policies, policy, null, new WafPolicyStatus { Revision = "2" }, default));

        Assert.True(refused.IsConflict, refused.Message);
        Assert.True(await writer.WriteAsync(
            ControllerKinds.Policies, policy, null, new WafPolicyStatus { Revision = "3" }, default));
    }

    [Fact]
    public async Task AnotherObjectOfTheName_IsNotWrittenTo()
    {
        using var client = plane.Client();
        var ns = await plane.NamespaceAsync();
        var body = new JsonObject { ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = "shop" } };
        body["spec"] = new JsonObject { ["mode"] = "Detect" };
        var old = await client.CreateAsync(ControllerKinds.Policies, (JsonObject)body.DeepClone(), default);
        await client.DeleteAsync(ControllerKinds.Policies, old.Metadata.Key, new DeleteOptions(), default);
        await client.CreateAsync(ControllerKinds.Policies, body, default);

        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => new StatusWriter(client)
            .WriteAsync(ControllerKinds.Policies, old, null, new WafPolicyStatus { Revision = "1" }, default));

        Assert.True(refused.IsInvalid, refused.Message);
    }
}
