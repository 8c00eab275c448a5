using System.Collections.Concurrent;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Pools;

/// <summary>Accelerators that are there, absent, withdrawn and returned, with real servers and real requests.</summary>
public sealed class AcceleratorScenarios
{
    private const string Attack = "1 union select user,password from users";

    [ClusterFact]
    public async Task Present_and_withdrawn_and_no_customer_notices()
    {
        await using var accelerators = await NodeAccelerators.OnFirstNodeAsync(1);
        await using var shop = await PoolShop.StartAsync();
        await shop.ServesOnAsync(0);
        using var customers = await shop.Shop.ClientAsync("shop");
        await using var traffic = new Traffic(customers);
        using var pool = await PoolClient.OfAsync(shop.Shop, "large");
        var onAccelerator = await pool.ScoreAsync(Attack);
        Assert.InRange(onAccelerator, 0.9, 1);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, await pool.StatusWithoutKeyAsync(Attack));

        // Withdrawn: nothing happens to what runs; what has to start again finds no accelerator and goes to the CPUs.
        await accelerators.OfferAsync(0);
        Assert.Equal(onAccelerator, await pool.ScoreAsync(Attack));
        await shop.LosePodsAsync();
        await shop.ServesOnAsync(1);
        // The same scores, but for what 8-bit weights round.
        var onCpus = await pool.ScoreOnceReachableAsync(Attack);
        Assert.InRange(onCpus, onAccelerator - 0.1, onAccelerator + 0.1);

        Assert.Empty(await traffic.StopAsync());
        Assert.True(traffic.Answered > 0);
        var events = await shop.EventsAsync();
        Assert.All(
            new[] { "RungTaken", "RungLeaving", "RungDown" }, step => Assert.Contains(step, events));
        // What lies in Git is what is in the cluster: kubectl diff says so with its exit code.
        var difference = await shop.Shop.Kubectl.TryAsync(["diff", "-f", "-"], PoolShop.Manifest);
        Assert.True(difference.ExitCode == 0, difference.Text);
    }

    [ClusterFact]
    public async Task Returned_it_is_taken_again_and_the_pool_answers_all_the_time()
    {
        await using var accelerators = await NodeAccelerators.OnFirstNodeAsync(0);
        await using var shop = await PoolShop.StartAsync();
        await shop.ServesOnAsync(1);
        using var pool = await PoolClient.OfAsync(shop.Shop, "large");
        await using (var asking = new PoolWatch(pool, Attack))
        {
            await accelerators.OfferAsync(1);
            await shop.ServesOnAsync(0);
            await shop.GivenBackAsync(1);
            Assert.Empty(await asking.StopAsync());
        }

        var events = await shop.EventsAsync();
        Assert.All(new[] { "RungTrying", "RungUp" }, step => Assert.Contains(step, events));
    }

    [ClusterFact]
    public async Task Absent_the_next_rung_serves_and_says_so()
    {
        await using var accelerators = await NodeAccelerators.OnFirstNodeAsync(0);
        await using var shop = await PoolShop.StartAsync();
        await shop.ServesOnAsync(1);
        var status = await shop.StatusAsync();
        Assert.Contains(status.Conditions, c => c is { Type: "Degraded", Reason: "OnLowerRung" });
        Assert.Contains(status.Conditions, c => c is { Type: "ParityChecked", Reason: "ScoresAgree" });
        await shop.GivenBackAsync(0);
        using var pool = await PoolClient.OfAsync(shop.Shop, "large");
        Assert.InRange(await pool.ScoreAsync(Attack), 0.9, 1);
    }

    /// <summary>Asks the pool all the time, and keeps what was not answered.</summary>
    private sealed class PoolWatch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _failures = new();
        private readonly Task _work;

        public PoolWatch(PoolClient pool, string value) => _work = RunAsync(pool, value);

        public async Task<IReadOnlyCollection<string>> StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
            return _failures;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task RunAsync(PoolClient pool, string value)
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    await pool.ScoreAsync(value);
                }
                catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
                {
                    _failures.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {broken.Message}");
                }

                await Task.Delay(50);
            }
        }
    }
}
