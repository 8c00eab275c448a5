using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Reconciling;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Reconciling;

public sealed class WorkQueueTests : IDisposable
{
    private static readonly NamespacedName A = new("shop", "a");
    private static readonly NamespacedName B = new("shop", "b");
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue _queue;

    public WorkQueueTests() => _queue = new WorkQueue("test", new WorkQueueOptions(), _time, new Jitter(new Random(1)));

    public void Dispose() => _queue.Dispose();

    private async Task<NamespacedName?> TakeAsync() => await _queue.TakeAsync(CancellationToken.None);

    [Fact]
    public async Task Add_SameKeyTwice_WaitsOnce()
    {
        _queue.Add(A);
        _queue.Add(B);
        _queue.Add(A);
        Assert.Equal(2, _queue.Count);
        Assert.Equal(A, await TakeAsync());
        Assert.Equal(B, await TakeAsync());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task Add_WhileWorkedOn_WaitsUntilDone()
    {
        _queue.Add(A);
        await TakeAsync();
        _queue.Add(A);
        _queue.Add(A);
        Assert.Equal(0, _queue.Count); // never given to two workers at once
        _queue.Done(A);
        Assert.Equal(1, _queue.Count);
        Assert.Equal(A, await TakeAsync());
        _queue.Done(A);
        Assert.Equal(0, _queue.Count);
    }

    /// <summary>Dates that people write into objects and lists are as far away as they like.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(365 * 300)]
    [InlineData(365 * 8_000)]
    public async Task AddAfter_LongWaits_StopNobody(int days)
    {
        using var queue = new WorkQueue("test", new WorkQueueOptions(), TimeProvider.System, new Jitter(new Random(1)));
        queue.AddAfter(A, TimeSpan.FromDays(days));
        queue.AddAfter(B, TimeSpan.FromMilliseconds(1));
        Assert.Equal(B, await queue.TakeAsync(CancellationToken.None));
        queue.AddAfter(B, TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void AddAfter_SeveralWaits_TheShortestCounts()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(10));
        _queue.AddAfter(A, TimeSpan.FromSeconds(3));
        _queue.AddAfter(A, TimeSpan.FromSeconds(20));
        _queue.AddAfter(B, TimeSpan.Zero);
        Assert.Equal(1, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal(1, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(2, _queue.Count);
        _time.Advance(TimeSpan.FromMinutes(5)); // the longer waits are forgotten
        Assert.Equal(2, _queue.Count);
    }

    [Fact]
    public async Task AddRateLimited_FailingKey_WaitsTwiceAsLongEachTimeUpToTheLimit()
    {
        var waits = new List<double>();
        for (var i = 0; i < 16; i++)
        {
            _queue.AddRateLimited(A);
            var waited = 0.0;
            while (_queue.Count == 0)
            {
                _time.Advance(TimeSpan.FromMilliseconds(5));
                waited += 0.005;
            }

            waits.Add(waited);
            await TakeAsync();
            _queue.Done(A);
        }

        for (var i = 0; i < waits.Count; i++)
            Assert.InRange(
                waits[i], Math.Min(0.05 * Math.Pow(2, i), 300) / 2, Math.Min(0.05 * Math.Pow(2, i), 300) + 0.01);
        Assert.Equal(16, _queue.FailuresOf(A));
        _queue.Forget(A);
        Assert.Equal(0, _queue.FailuresOf(A));
        _queue.AddRateLimited(A);
        _time.Advance(TimeSpan.FromMilliseconds(51));
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public async Task Stop_WorkersWaiting_AllReturnNull()
    {
        var workers = Enumerable.Range(0, 3).Select(_ => TakeAsync()).ToList();
        _queue.Stop();
        Assert.All(await Task.WhenAll(workers), key => Assert.Null(key));
        _queue.Add(A);
        _queue.AddAfter(B, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await TakeAsync());
    }

    [Fact]
    public async Task ManyWorkers_ManyKeys_EachAddIsSeenAndNoKeyIsSharedByTwo()
    {
        const int keys = 20;
        const int adds = 5000;
        var holders = new int[keys];
        var overlaps = 0;
        var seen = new int[keys];
        using var queue = new WorkQueue("busy", new WorkQueueOptions(), TimeProvider.System, new Jitter(new Random(3)));
        async Task WorkAsync()
        {
            while (await queue.TakeAsync(CancellationToken.None) is { } key)
            {
                var index = int.Parse(key.Name, System.Globalization.CultureInfo.InvariantCulture);
                if (Interlocked.Increment(ref holders[index]) != 1) Interlocked.Increment(ref overlaps);
                await Task.Yield();
                Interlocked.Increment(ref seen[index]);
                Interlocked.Decrement(ref holders[index]);
                queue.Done(key);
            }
        }

        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(WorkAsync)).ToList();
        Parallel.For(0, adds, i => queue.Add(new NamespacedName("", $"{i % keys}")));
        await Eventually.TrueAsync(() => queue.Count == 0 && holders.All(h => h == 0), "the queue runs empty");
        queue.Stop();
        await Task.WhenAll(workers);
        Assert.Equal(0, overlaps);
        Assert.All(seen, count => Assert.InRange(count, 1, adds / keys));
    }

    /// <summary>Random adds and dones: no key is lost, none is given twice, no share is passed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task PerNamespaceMax_BoundsWhatANamespaceHolds_AndLosesNothing(int share)
    {
        const int seed = 20261129;
        using var queue = new WorkQueue(
            "test", new WorkQueueOptions { PerNamespaceMax = share }, _time, new Jitter(new Random(seed)));
        var random = new Random(seed);
        var (added, given) = (new HashSet<NamespacedName>(), new HashSet<NamespacedName>());
        var held = new List<NamespacedName>();
        for (var i = 0; i < 5_000; i++)
        {
            if (random.Next(3) > 0)
            {
                var key = new NamespacedName($"ns-{random.Next(4)}", $"key-{random.Next(30)}");
                queue.Add(key);
                added.Add(key);
            }

            if (queue.Count > 0 && held.Count < 6)
            {
                var taken = (await queue.TakeAsync(CancellationToken.None))!.Value;
                Assert.DoesNotContain(taken, held);
                held.Add(taken);
                given.Add(taken);
            }
            else if (held.Count > 0)
            {
                var done = held[random.Next(held.Count)];
                held.Remove(done);
                queue.Done(done);
            }

            Assert.All(held.GroupBy(k => k.Namespace), group => Assert.InRange(group.Count(), 1, share));
        }

        for (var rest = 0; rest < 10_000 && (queue.Count > 0 || held.Count > 0); rest++)
        {
            foreach (var done in held) queue.Done(done);
            held.Clear();
            if (queue.Count == 0) continue;
            held.Add((await queue.TakeAsync(CancellationToken.None))!.Value);
            given.Add(held[0]);
        }

        Assert.Equal((0, added.Count), (queue.Count, given.Count));
    }

    [Fact]
    public async Task PerNamespaceMax_ManyKeysOfOneNamespace_AnotherNamespacesKeyIsNext()
    {
        using var queue = new WorkQueue(
            "test", new WorkQueueOptions { PerNamespaceMax = 1 }, _time, new Jitter(new Random(1)));
        for (var i = 0; i < 100; i++) queue.Add(new NamespacedName("many", $"{i}"));
        queue.Add(new NamespacedName("few", "one"));

        Assert.Equal("many", (await queue.TakeAsync(CancellationToken.None))!.Value.Namespace);
        Assert.Equal("few", (await queue.TakeAsync(CancellationToken.None))!.Value.Namespace);
        Assert.Equal(0, queue.Count);
    }
}
