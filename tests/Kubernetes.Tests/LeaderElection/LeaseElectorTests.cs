using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.LeaderElection;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.LeaderElection;

[Collection(ApiServerCollection.Name)]
public sealed class LeaseElectorTests(TestApiServer server)
{
    [Fact]
    public async Task RunAsync_TwoReplicas_OneLeadsAndTheOtherFollowsAtOnceWhenItStops()
    {
        var ns = await server.NamespaceAsync();
        var crowd = new Crowd();
        await using var a = new Replica(server.Client(), ns, "a", crowd);
        await Eventually.TrueAsync(() => a.Elector.IsLeader, "a leads");
        await using var b = new Replica(server.Client(), ns, "b", crowd);
        await Eventually.TrueAsync(() => b.Elector.Leader == "a", "b knows who leads");
        Assert.False(b.Elector.IsLeader);
        await a.StopAsync(); // releases the lease: b need not wait for its end
        Assert.False(a.Elector.IsLeader);
        await Eventually.TrueAsync(() => b.Elector.IsLeader, "b leads");
        Assert.Equal(1, crowd.Most);

        using var client = server.Client();
        var lease = await client.GetAsync(BuiltIn.Leases, new(ns, "operator"), default);
        Assert.Equal("b", lease.Text("spec", "holderIdentity"));
        Assert.InRange(lease.Json.Number("spec", "leaseTransitions") ?? 0, 1, 2);
    }

    [Fact]
    public async Task RunAsync_LeaderCutOff_GivesUpBeforeTheOtherTakesOver()
    {
        var ns = await server.NamespaceAsync();
        var crowd = new Crowd();
        await using var proxy = await server.ProxyAsync();
        await using var a = new Replica(TestApiServer.Client(proxy), ns, "a", crowd);
        await Eventually.TrueAsync(() => a.Elector.IsLeader, "a leads");
        await using var b = new Replica(server.Client(), ns, "b", crowd);
        proxy.Hold(); // a gets no answers any more
        await Eventually.TrueAsync(() => b.Elector.IsLeader, "b leads");
        Assert.False(a.Elector.IsLeader);
        Assert.Equal(1, crowd.Most);
        proxy.Release();
        await Eventually.TrueAsync(() => a.Elector.Leader == "b", "a sees who leads now");
        Assert.False(a.Elector.IsLeader);
        Assert.Equal(1, crowd.Most);
    }

    [Fact]
    public async Task RunAsync_LeaseStolen_TermEndsAtOnce()
    {
        var ns = await server.NamespaceAsync();
        using var client = server.Client();
        await using var a = new Replica(server.Client(), ns, "a", new Crowd());
        await Eventually.TrueAsync(() => a.Elector.IsLeader, "a leads");
        var retry = new ConflictRetry(TimeProvider.System, TestApiServer.Services.Jitter);
        await retry.RunAsync(
            async ct =>
            {
                var lease = (await client.GetAsync(BuiltIn.Leases, new(ns, "operator"), ct)).ToNode();
                lease["spec"]!["holderIdentity"] = "thief";
                lease["spec"]!["leaseDurationSeconds"] = 3600;
                return await client.ReplaceAsync(BuiltIn.Leases, lease, ct);
            },
            default);
        await Eventually.TrueAsync(() => !a.Elector.IsLeader && a.Terms == 0, "a's term ends");
        Assert.Equal("thief", a.Elector.Leader);
    }

    [Fact]
    public async Task RunAsync_WorkFails_ErrorSurfacesAndLeaseIsReleased()
    {
        var ns = await server.NamespaceAsync();
        using var client = server.Client();
        var elector = new LeaseElector(client, Replica.Options(ns, "a"), TestApiServer.Services);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => elector.RunAsync(_ => throw new InvalidOperationException("broken"), default));
        Assert.False(elector.IsLeader);
        var lease = await client.GetAsync(BuiltIn.Leases, new(ns, "operator"), default);
        Assert.Equal("", lease.Text("spec", "holderIdentity") ?? "");
    }

    [Fact]
    public void Constructor_TimesThatCannotWork_AreRefused()
    {
        using var client = server.Client();
        var options = Replica.Options("x", "a") with { RenewWithin = TimeSpan.FromSeconds(20) };
        Assert.Throws<ArgumentException>(() => new LeaseElector(client, options, TestApiServer.Services));
    }

    /// <summary>Counts how many lead at the same time.</summary>
    private sealed class Crowd
    {
        private int _now;
        private int _most;

        public int Most => Volatile.Read(ref _most);

        public void Enter()
        {
            var now = Interlocked.Increment(ref _now);
            if (now > Most) Volatile.Write(ref _most, now);
        }

        public void Leave() => Interlocked.Decrement(ref _now);
    }

    private sealed class Replica : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly KubernetesClient _client;
        private readonly Task _work;
        private int _terms;

        public Replica(KubernetesClient client, string ns, string name, Crowd crowd)
        {
            _client = client;
            Elector = new LeaseElector(client, Options(ns, name), TestApiServer.Services);
            _work = Elector.RunAsync(
                async term =>
                {
                    Interlocked.Increment(ref _terms);
                    crowd.Enter();
                    await Task.Delay(-1, term).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    crowd.Leave();
                    Interlocked.Decrement(ref _terms);
                },
                _stop.Token);
        }

        public LeaseElector Elector { get; }

        public int Terms => Volatile.Read(ref _terms);

        public static LeaseElectionOptions Options(string ns, string name) => new()
        {
            Lease = new NamespacedName(ns, "operator"),
            Identity = name,
            Duration = TimeSpan.FromSeconds(10),
            RenewWithin = TimeSpan.FromSeconds(6),
            RetryEvery = TimeSpan.FromMilliseconds(200),
        };

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _client.Dispose();
            _stop.Dispose();
        }
    }
}
