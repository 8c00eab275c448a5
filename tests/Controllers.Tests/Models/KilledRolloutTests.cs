using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>
/// The operator dies after each single write of a rollout, without hearing the answer; the next one starts from the
/// cluster alone and must end where an unbroken one ends.
/// </summary>
[Collection(ApiServerCollection.Name)]
public sealed class KilledRolloutTests(TestApiServer server)
{
    private const int WritesMax = 60;

    private static readonly ModelPhase[] WholeWay =
        [ModelPhase.Verifying, ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.Canary, ModelPhase.Promoted];

    [Fact]
    public Task APromotion_KilledAfterEveryWrite_HappensOnce() => ForEachDeathAsync(
        RolloutWorld.Equal,
        versions => Phase(versions, "next") is ModelPhase.Promoted && Phase(versions, "first") is ModelPhase.Superseded,
        async world =>
        {
            Assert.Equal(WholeWay, Way(await world.StatusAsync("next")));
            Assert.Equal(
                [ModelPhase.Promoted, ModelPhase.Superseded], Way(await world.StatusAsync("first")));
        });

    [Fact]
    public Task ARollback_KilledAfterEveryWrite_HappensOnceAndIsRemembered() => ForEachDeathAsync(
        RolloutWorld.Worse,
        versions => RolloutConditions.IsRestored(versions.First(v => v.Metadata.Name == "next").Value.Status),
        async world =>
        {
            Assert.Equal(
                [ModelPhase.Verifying, ModelPhase.Evaluating, ModelPhase.Shadow, ModelPhase.RolledBack],
                Way(await world.StatusAsync("next")));
            Assert.Equal(ModelPhase.Promoted, (await world.StatusAsync("first")).Phase);
            var remembered = await world.Client.GetAsync(
                BuiltIn.ConfigMaps, new NamespacedName(world.Namespace, RejectedModels.ConfigMapName),
                CancellationToken.None);
            Assert.Single(remembered.Json.GetProperty("data").EnumerateObject());
        });

    [Fact]
    public async Task AReturn_KilledAfterEveryWrite_RestoresOneVersion()
    {
        for (var writes = 1; ; writes++)
        {
            await using var world = await RolloutWorld.CreateAsync(server);
            await PromoteBothAsync(world);
            await world.PatchSpecAsync("next", new JsonObject { ["abort"] = true });
            var hasDied = await LiveAndDieAsync(world, writes, IsReturned);
            if (!hasDied) break;
            await LiveAsync(world, IsReturned);
            Assert.Equal([.. WholeWay, ModelPhase.RolledBack], Way(await world.StatusAsync("next")));
        }

        static bool IsReturned(IReadOnlyList<Resource<ModelVersion>> versions) =>
            Phase(versions, "next") is ModelPhase.RolledBack && Phase(versions, "first") is ModelPhase.Promoted;
    }

    private async Task ForEachDeathAsync(
        Func<Protocols.Status.RolloutCounters, Protocols.Status.RolloutCounters> traffic,
        Func<IReadOnlyList<Resource<ModelVersion>>, bool> isDone, Func<RolloutWorld, Task> check)
    {
        var deaths = 0;
        for (var writes = 1; writes < WritesMax; writes++)
        {
            await using var world = await RolloutWorld.CreateAsync(server);
            world.Traffic = traffic;
            await world.CreatePromotedAsync("first", "1.0.0");
            await world.CreateVersionAsync("next", "1.1.0");
            if (!await LiveAndDieAsync(world, writes, isDone)) break;
            deaths++;
            await LiveAsync(world, isDone);
            await check(world);
        }

        Assert.InRange(deaths, 8, WritesMax - 2);
    }

    /// <summary>True when it died before it was done.</summary>
    private static async Task<bool> LiveAndDieAsync(
        RolloutWorld world, int writes, Func<IReadOnlyList<Resource<ModelVersion>>, bool> isDone)
    {
        await using var proxy = await world.Server.ProxyAsync();
        proxy.DieAfterWrites(writes);
        await using var life = await OperatorLife.StartAsync(world, TestApiServer.Client(proxy));
        try
        {
            await life.RunUntilAsync(isDone);
            return false;
        }
        catch (Exception) when (proxy.IsDead)
        {
            return true;
        }
    }

    private static async Task LiveAsync(RolloutWorld world, Func<IReadOnlyList<Resource<ModelVersion>>, bool> isDone)
    {
        await using var life = await OperatorLife.StartAsync(world, world.Server.Client());
        await life.RunUntilAsync(isDone);
    }

    private static async Task PromoteBothAsync(RolloutWorld world)
    {
        await world.CreatePromotedAsync("first", "1.0.0");
        await world.CreateVersionAsync("next", "1.1.0");
        await LiveAsync(world, versions => Phase(versions, "next") is ModelPhase.Promoted
            && Phase(versions, "first") is ModelPhase.Superseded);
    }

    private static ModelPhase? Phase(IReadOnlyList<Resource<ModelVersion>> versions, string name) =>
        versions.First(v => v.Metadata.Name == name).Value.Status?.Phase;

    private static ModelPhase[] Way(ModelVersionStatus status) => [.. status.History.Select(h => h.Phase)];
}
