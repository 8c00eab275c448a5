using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Tests.ControlPlane;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Protocols.Models;
using ConditionStatus = WafOperator.Resources.ConditionStatus;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>
/// Scores of the real inference server with a released package: the first rung finds no accelerator, the second
/// computes with 8-bit weights, the third with 32-bit ones.
/// </summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class PoolParityTests(RealControlPlane plane)
{
    private static readonly int Port = TestApiServer.FreePort();

    private static readonly string Digest =
        ModelPackageReader.DigestOf(File.ReadAllBytes(InferenceProcess.PackageFile));

    [Fact]
    public async Task ARungWhoseScoresAgree_IsTaken_AndItsModelsAndQueueAreTold()
    {
        await using var int8 = await InferenceProcess.StartAsync("127.0.1.2", Port, "Int8");
        await using var world = await WorldAsync();
        await world.ApplyAsync(Pool("0.1"));
        world.Advance(TimeSpan.FromMinutes(2));
        await world.StatusAsync("it looked", s => s.TryingRung is not null);
        world.Advance(TimeSpan.FromMinutes(2));
        await world.ReadyOnAsync(1);
        await world.StatusAsync(
            "the model is loaded on both replicas, and the queue is measured",
            s => s.Models is [{ ReadyReplicas: 2, IsRequired: true }] && s.QueueDelay is not null);
        var parity = Assert.Single((await world.PoolAsync()).Status!.Parity);
        Assert.True(parity is { Rung: 1, Passed: true, Vectors: > 50 });
        // 8-bit weights round; a deviation of nothing would mean that something else was compared.
        Assert.InRange(double.Parse(parity.Deviation!, CultureInfo.InvariantCulture), 0.0001, 0.1);
    }

    [Fact]
    public async Task ARungWhoseScoresDiffer_GetsNoRequests_AndTheNextIsTaken()
    {
        await using var int8 = await InferenceProcess.StartAsync("127.0.1.2", Port, "Int8");
        await using var fp32 = await InferenceProcess.StartAsync("127.0.1.3", Port, "Fp32");
        await using var world = await WorldAsync();
        await world.ApplyAsync(Pool("0.0005"));
        world.Advance(TimeSpan.FromMinutes(2));
        await world.StatusAsync("it looked", s => s.TryingRung is not null);
        world.Advance(TimeSpan.FromMinutes(2));
        var selected = new HashSet<string>();
        await world.StatusAsync("the third rung serves", s =>
        {
            selected.Add(
                world.FindAsync(BuiltIn.Services, "large").Result!.Text("spec", "selector", "wafoperator.dev/rung")!);
            return s.Rung == 2;
        });
        Assert.DoesNotContain("1", selected);
        var status = (await world.PoolAsync()).Status!;
        Assert.True(PoolWorld.Is(status, "Degraded", ConditionStatus.True, "RungRefused"));
        Assert.True(PoolWorld.Is(status, "ParityChecked", ConditionStatus.True, "ScoresAgree"));
        Assert.Contains(status.Parity, p => p is { Rung: 1, Passed: false });
        await Eventually.TrueAsync(
            async () => (await world.EventsAsync()).Contains("RungRefused"), "the refusal is an event");
    }

    private async Task<PoolWorld> WorldAsync()
    {
        var world = await PoolWorld.StartAsync(
            plane, packages: new Dictionary<string, string> { [Digest] = InferenceProcess.PackageFile },
            addressOf: pod =>
                $"127.0.1.{int.Parse(pod.Metadata.Labels["wafoperator.dev/rung"], CultureInfo.InvariantCulture) + 1}",
            port: Port);
        var version = world.Named("payload-cnn", new JsonObject
        {
            ["model"] = "payload-cnn",
            ["version"] = Path.GetFileNameWithoutExtension(InferenceProcess.PackageFile)["payload-cnn-".Length..],
            ["artifact"] = new JsonObject { ["uri"] = "builtin://payload-cnn", ["digest"] = Digest },
            ["serving"] = new JsonObject { ["mode"] = "Pool", ["pool"] = "large" },
        });
        await world.Admin.ApplyAsync(ControllerKinds.Models, version, new ApplyOptions(), default);
        var promoted = Patch.MergeStatus(new JsonObject { ["status"] = new JsonObject { ["phase"] = "Promoted" } });
        await world.Admin.PatchAsync(ControllerKinds.Models, new(world.Namespace, "payload-cnn"), promoted, default);
        return world;
    }

    private static string Pool(string deviation) => """
        {"replicas":2,"unschedulableAfter":"2m","parity":{"maximumDeviation":"DEVIATION"},"ladder":[
         {"resource":"nvidia.com/gpu","provider":"Cuda","precision":"Fp16"},
         {"provider":"Cpu","precision":"Int8"},{"provider":"Cpu","precision":"Fp32"}]}
        """.Replace("DEVIATION", deviation, StringComparison.Ordinal);
}
