using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.E2e.Scenarios.Rollouts;
using WafOperator.Resources;
using WafOperator.Resources.Pools;

namespace WafOperator.E2e.Scenarios.Pools;

/// <summary>
/// The shop with a pool that serves a model: two rungs, an accelerator and CPUs with 8-bit weights. The accelerator is
/// a number on the node, so its rung computes on the CPU as well, with 32-bit weights.
/// </summary>
public sealed class PoolShop : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private PoolShop(Shop shop) => Shop = shop;

    public Shop Shop { get; }

    /// <summary>The pool's manifest, as it would lie in Git.</summary>
    public static string Manifest { get; } = $$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: InferencePool
        metadata:
          name: large
        spec:
          replicas: 1
          unschedulableAfter: 10s
          retryAfter: 15s
          ladder:
          - {resource: {{NodeAccelerators.Resource}}, provider: Cpu, precision: Fp32, cpu: 100m, memory: 512Mi}
          - {provider: Cpu, precision: Int8, cpu: 100m, memory: 512Mi}
        """;

    /// <summary>A namespace with the shop, its policy, the pool, and a promoted model that the pool serves.</summary>
    public static async Task<PoolShop> StartAsync()
    {
        var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Manifest);
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop-models")
            .Replace("  ml:\n", "  ml:\n    pool: large\n", StringComparison.Ordinal));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop"));
        var gate = RolloutShop.Builtin("gate", "1.0.0").Replace("NAME", "gate-base", StringComparison.Ordinal);
        var network = RolloutShop.Builtin("payload-cnn", "1.1.0").Replace("NAME", "cnn-base", StringComparison.Ordinal);
        const string Patient = "  evaluation: {maximumLatency: 10s}\n";
        await shop.Kubectl.ApplyAsync(gate + Patient);
        await shop.Kubectl.ApplyAsync(network + Patient + "  serving: {mode: Pool, pool: large}\n");
        // The policy enforces, so the first version of a family is a person's decision.
        foreach (var name in new[] { "gate-base", "cnn-base" })
            await shop.Kubectl.RunAsync("annotate", "modelversion", name, "wafoperator.dev/approve-step=1");
        await shop.ReadyAsync("shop");
        foreach (var name in new[] { "gate-base", "cnn-base" })
            await shop.Kubectl.RunAsync("wait", $"modelversion/{name}", "--for=condition=Promoted", "--timeout=150s");
        return new PoolShop(shop);
    }

    public async Task<InferencePoolStatus> StatusAsync()
    {
        var pool = await Shop.Kubectl.GetAsync("inferencepool", "large");
        return pool.TryGetProperty("status", out var status)
            ? status.Deserialize<InferencePoolStatus>(ResourceJson.Default.Options)!
            : new InferencePoolStatus();
    }

    /// <summary>Waits until requests go to a rung, and its server has the promoted model loaded.</summary>
    public async Task<TimeSpan> ServesOnAsync(int rung) => await Eventually.TrueAsync(
        Patience, $"rung {rung} serves", async () =>
        {
            var status = await StatusAsync();
            return status.Rung == rung && status.TryingRung is null && status.ReadyReplicas == 1
                && status.Models.Any(m => m is { IsRequired: true, ReadyReplicas: 1 });
        });

    /// <summary>Waits until a rung's Deployment is gone.</summary>
    public async Task GivenBackAsync(int rung) => await Eventually.TrueAsync(
        Patience, $"rung {rung} is gone", async () =>
            (await Shop.Kubectl.TryAsync(["get", "deployment", $"large-rung-{rung}"])).ExitCode != 0);

    /// <summary>Reasons of the events about the pool.</summary>
    public async Task<IReadOnlyList<string>> EventsAsync() =>
    [
        .. (await Shop.Kubectl.ListAsync("events", "--field-selector", "involvedObject.name=large"))
            .Select(e => e.GetProperty("reason").GetString()!),
    ];

    /// <summary>Deletes the pool's pods, as a node that lost its device would.</summary>
    public Task<string> LosePodsAsync() => Shop.Kubectl.RunAsync(
        "delete", "pods", "-l", "wafoperator.dev/pool=large", "--grace-period=1", "--wait=true");

    public ValueTask DisposeAsync() => Shop.DisposeAsync();
}
