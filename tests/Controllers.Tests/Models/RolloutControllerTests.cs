using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Protocols;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Rollouts of a family side by side, and gates that people hold, on a real API server.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class RolloutControllerTests(TestApiServer server)
{
    [Fact]
    public async Task TwoCandidates_GoOneAfterTheOther()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("second", "1.1.0");
        await world.CreateVersionAsync("third", "1.0.0");
        await using var life = await OperatorLife.StartAsync(world, server.Client());
        var most = 0;

        await life.RunUntilAsync(versions =>
        {
            most = Math.Max(most, versions.Count(v => v.Value.Status?.Phase is ModelPhase.Verifying
                or ModelPhase.Evaluating or ModelPhase.Shadow or ModelPhase.Canary));
            return Phase(versions, "third") is ModelPhase.Promoted
                && Phase(versions, "second") is ModelPhase.Superseded;
        });

        Assert.Equal(1, most);
        Assert.Equal(
            [ModelPhase.Superseded, ModelPhase.Superseded, ModelPhase.Promoted],
            (await world.VersionsAsync()).OrderBy(v => v.Metadata.Name).Select(v => v.Value.Status!.Phase));
    }

    [Fact]
    public async Task ARejectedDigest_IsRefusedUnderAnyName_UntilItsKeyIsDeleted()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        world.Traffic = RolloutWorld.Worse;
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("worse", "1.1.0");
        await using var life = await OperatorLife.StartAsync(world, server.Client());
        await life.RunUntilAsync(versions => Phase(versions, "worse") is ModelPhase.RolledBack);
        await life.RunUntilAsync(_ => true);
        await world.Client.DeleteAsync(
            ControllerKinds.Models, new NamespacedName(world.Namespace, "worse"), new DeleteOptions(),
                CancellationToken.None);

        await world.CreateVersionAsync("again", "1.1.0");
        await life.RunUntilAsync(versions => Phase(versions, "again") is ModelPhase.Failed);
        Assert.Contains("refused before", (await world.StatusAsync("again")).Message, StringComparison.Ordinal);

        await world.Client.DeleteAsync(
            BuiltIn.ConfigMaps, new NamespacedName(world.Namespace, "waf-rejected-models"), new DeleteOptions(),
            CancellationToken.None);
        world.Traffic = RolloutWorld.Equal;
        await world.CreateVersionAsync("forgiven", "1.1.0");
        await life.RunUntilAsync(versions => Phase(versions, "forgiven") is ModelPhase.Promoted);
    }

    [Fact]
    public async Task AManualStep_WaitsForItsAnnotation()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("next", "1.1.0");
        var steps = new JsonArray(
            new JsonObject { ["weight"] = 10 }, new JsonObject { ["weight"] = 50, ["manual"] = true });
        await world.PatchSpecAsync("next", new JsonObject { ["rollout"] = new JsonObject { ["steps"] = steps } });
        await using var life = await OperatorLife.StartAsync(world, server.Client());

        await life.RunUntilAsync(
            versions => Message(versions, "next").Contains("approve-step=2", StringComparison.Ordinal));
        Assert.Equal(10, (await world.StatusAsync("next")).Weight);
        await world.Client.PatchAsync(
            ControllerKinds.Models, new NamespacedName(world.Namespace, "next"),
            Patch.Merge(new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject { ["wafoperator.dev/approve-step"] = "2" },
                },
            }),
            CancellationToken.None);
        await life.RunUntilAsync(versions => Phase(versions, "next") is ModelPhase.Promoted);

        var history = (await world.StatusAsync("next")).History;
        Assert.Equal(2, history.Count(h => h.Phase is ModelPhase.Canary));
        Assert.Contains("50 %", history[^2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASuspendedVersion_LetsOthersPass_AndGoesOnLater()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreateVersionAsync("held", "1.0.0", suspend: true);
        await world.CreateVersionAsync("passes", "1.1.0");
        await using var life = await OperatorLife.StartAsync(world, server.Client());

        await life.RunUntilAsync(versions => Phase(versions, "passes") is ModelPhase.Promoted);
        Assert.Equal(ModelPhase.Pending, (await world.StatusAsync("held")).Phase);
        await world.PatchSpecAsync("held", new JsonObject { ["suspend"] = false });
        await life.RunUntilAsync(versions => Phase(versions, "held") is ModelPhase.Promoted);
    }

    [Fact]
    public async Task LabelledRequests_ThatTheCandidateGetsWrong_RollItBack()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("next", "1.1.0");
        world.Feedback = world.Feedback with { Benign00 = 20, Benign01 = 20 };
        await world.Client.CreateAsync(
            BuiltIn.ConfigMaps,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = "waf-feedback" },
                ["data"] = new JsonObject { ["requests.jsonl"] = "{}" },
            },
            CancellationToken.None);
        await using var life = await OperatorLife.StartAsync(world, server.Client());

        await life.RunUntilAsync(versions => Phase(versions, "next") is ModelPhase.RolledBack or ModelPhase.Promoted);

        var status = await world.StatusAsync("next");
        Assert.Equal(ModelPhase.RolledBack, status.Phase);
        Assert.Contains(
            "feedback-false-positives: baseline 0.0000, candidate 0.5000", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAForeignPodSays_ChangesNothing()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        world.RunsJobs = false;
        await world.CreateVersionAsync("first", "1.0.0");
        await using var life = await OperatorLife.StartAsync(world, server.Client());
        await life.RunUntilAsync(versions => Phase(versions, "first") is ModelPhase.Evaluating);
        await life.RunUntilAsync(_ => true);
        var job = (await world.Client.ListAsync(
            BuiltIn.Jobs, new ListOptions { Namespace = world.Namespace }, CancellationToken.None)).Items.Single();
        var labels = new JsonObject();
        foreach (var label in job.Metadata.Labels) labels[label.Key] = label.Value;
        var status = new JsonObject
        {
            ["phase"] = "Succeeded",
            ["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = "evaluate", ["image"] = "x", ["imageID"] = "x", ["ready"] = false, ["restartCount"] = 0,
                ["state"] = new JsonObject
                {
                    ["terminated"] = new JsonObject
                    {
                        ["exitCode"] = 0,
                        ["message"] = "{\"digest\":\"\",\"attacks\":1,\"benign\":1,\"recall\":1}",
                    },
                },
            }),
        };
        var owner = new JsonObject
        {
            ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = job.Metadata.Name, ["uid"] = job.Metadata.Uid,
            ["controller"] = true,
        };
        var spec = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "evaluate", ["image"] = "registry.local/sidecar", ["command"] = new JsonArray("sh"),
            }),
        };
        await world.CreatePodAsync(
            "labelled", labels.DeepClone().AsObject(), "evaluate", status.DeepClone().AsObject());
        await world.CreatePodAsync("owned", labels, spec, status, owner);

        for (var i = 0; i < 5; i++) await life.RunUntilAsync(_ => true);
        Assert.Equal(ModelPhase.Evaluating, (await world.StatusAsync("first")).Phase);

        world.RunsJobs = true;
        await life.RunUntilAsync(versions => Phase(versions, "first") is ModelPhase.Promoted);
    }

    /// <summary>A pod with the label of a comparison on labelled requests, and one that the Job owns but runs
    /// something else.</summary>
    [Fact]
    public async Task WhatAForeignFeedbackPodSays_ChangesNothing()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("next", "1.1.0");
        world.RunsFeedback = false;
        await world.Client.CreateAsync(
            BuiltIn.ConfigMaps,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = world.Namespace, ["name"] = "waf-feedback" },
                ["data"] = new JsonObject { ["requests.jsonl"] = "{}" },
            },
            CancellationToken.None);
        await using var life = await OperatorLife.StartAsync(world, server.Client());
        KubernetesObject? job = null;
        for (var i = 0; i < 30 && job is null; i++)
        {
            await life.RunUntilAsync(_ => true);
            var jobs = (await world.Client.ListAsync(
                BuiltIn.Jobs,
                new ListOptions { Namespace = world.Namespace, LabelSelector = EvaluationJob.FeedbackLabel },
                CancellationToken.None)).Items;
            job = jobs is [var first, ..] ? first : null;
        }

        var bad = JsonSerializer.Serialize(
            world.Feedback with { Benign00 = 20, Benign01 = 20 }, ProtocolJson.Default.Options);
        var labels = new JsonObject();
        foreach (var label in job!.Metadata.Labels) labels[label.Key] = label.Value;
        var spec = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "evaluate", ["image"] = "registry.local/sidecar", ["command"] = new JsonArray("sh"),
            }),
        };
        await world.CreatePodAsync("labelled", labels.DeepClone().AsObject(), "evaluate", Ended(bad));
        await world.CreatePodAsync("owned", labels, spec, Ended(bad), OwnedBy(job));

        await life.RunUntilAsync(versions => Phase(versions, "next") is ModelPhase.RolledBack or ModelPhase.Promoted);
        Assert.Equal(ModelPhase.Promoted, (await world.StatusAsync("next")).Phase);
    }

    [Fact]
    public async Task ACandidateThatIsWorseOnThePromotedVersionsCorpus_IsNotTried()
    {
        await using var world = await RolloutWorld.CreateAsync(server);
        await world.CreatePromotedAsync("first", "1.0.0");
        world.OnCorpus = world.OnCorpus with { Attack11 = 200, Attack10 = 90 };
        await world.CreateVersionAsync("next", "1.1.0");
        await using var life = await OperatorLife.StartAsync(world, server.Client());

        await life.RunUntilAsync(versions => Phase(versions, "next") is ModelPhase.Failed);
        Assert.Contains(
            "on the promoted version's corpus", (await world.StatusAsync("next")).Message, StringComparison.Ordinal);
    }

    private static JsonObject Ended(string message) => new()
    {
        ["phase"] = "Succeeded",
        ["containerStatuses"] = new JsonArray(new JsonObject
        {
            ["name"] = "evaluate", ["image"] = "x", ["imageID"] = "x", ["ready"] = false, ["restartCount"] = 0,
            ["state"] = new JsonObject
            {
                ["terminated"] = new JsonObject { ["exitCode"] = 0, ["message"] = message },
            },
        }),
    };

    private static JsonObject OwnedBy(KubernetesObject job) => new()
    {
        ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = job.Metadata.Name, ["uid"] = job.Metadata.Uid,
        ["controller"] = true,
    };

    private static ModelPhase? Phase(IReadOnlyList<Resource<ModelVersion>> versions, string name) =>
        versions.FirstOrDefault(v => v.Metadata.Name == name)?.Value.Status?.Phase;

    private static string Message(IReadOnlyList<Resource<ModelVersion>> versions, string name) =>
        versions.First(v => v.Metadata.Name == name).Value.Status?.Message ?? "";
}
