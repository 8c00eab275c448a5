using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Tests.Sharing;

/// <summary>What runs beside the traffic for the other replicas.</summary>
public sealed class ReplicasTests
{
    private static readonly PolicyDocument Alone = new() { Namespace = "shop", Name = "main" };

    private static readonly PolicyDocument Shared = Alone with
    {
        // Nobody listens there: that there is a connection to be served is enough.
        Sharing = new SharingPolicy
        {
            Redis = new RedisPolicy { Servers = ["127.0.0.1:1"], HashKey = Convert.ToBase64String(new byte[32]) },
        },
    };

    /// <summary>Ticks wake a thread twenty times a second, in every pod that has a sidecar.</summary>
    [Fact]
    public async Task RunAsync_TicksOnlyWhileAPolicyNamesARedis()
    {
        var time = new WatchedTime();
        using var replicas = new Replicas(time);
        using var stop = new CancellationTokenSource();
        var running = replicas.RunAsync(() => null, stop.Token);

        replicas.Adopt(replicas.Prepare(Alone));
        Assert.Equal((0, 0), time.Timers);
        replicas.Adopt(replicas.Prepare(Shared));
        await UntilAsync(() => time.Timers == (1, 0));
        replicas.Adopt(replicas.Prepare(Alone));
        await UntilAsync(() => time.Timers == (1, 1));
        replicas.Adopt(replicas.Prepare(Shared));
        await UntilAsync(() => time.Timers == (2, 1));

        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!isSo()) await Task.Delay(10, patience.Token);
    }

    /// <summary>The real clock, which counts the timers that were made and those that ended.</summary>
    private sealed class WatchedTime : TimeProvider
    {
        private int _made, _ended;

        public (int Made, int Ended) Timers => (Volatile.Read(ref _made), Volatile.Read(ref _ended));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _made);
            return new Timer(this, base.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class Timer(WatchedTime time, ITimer inner) : ITimer
        {
            private int _hasEnded;

            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _hasEnded, 1) == 0) Interlocked.Increment(ref time._ended);
                inner.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
