using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Tests.Sharing;

/// <summary>Replicas that count together, in a real Redis, and what they do without it.</summary>
public sealed class SharedLimitTests
{
    private const int Many = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Refills hardly anything while a test runs.</summary>
    private static readonly RateLimit PerClient = new()
    {
        Name = "per-client", Requests = 1_000, Period = TimeSpan.FromHours(1), Burst = 1_000,
    };

    [Fact]
    public async Task EightReplicas_OneClient_TheLimitHoldsToOnePercent()
    {
        using var redis = await RedisServer.StartAsync();
        using var group = await Group.StartAsync(redis, Many, PerClient);

        var passed = await Task.WhenAll(group.Limits.Select(async limits =>
        {
            var count = 0;
            for (var i = 0; i < 300; i++) count += await TakeAsync(limits, "1.1.1.1") ? 1 : 0;
            return count;
        }));

        Assert.InRange(passed.Sum(), 990, 1_010);
        Assert.All(passed, count => Assert.InRange(count, 1, 300));
        Assert.True(await TakeAsync(group.Limits[0], "1.1.1.2"));
    }

    [Fact]
    public async Task ANewSessionForEachRequest_OnWhateverReplica_IsLimitedByClient()
    {
        using var redis = await RedisServer.StartAsync();
        var perSession = PerClient with { Key = RateLimitKeyKind.Session, KeyName = "sid", Requests = 4, Burst = 4 };
        using var group = await Group.StartAsync(redis, 2, perSession);

        var passed = 0;
        for (var i = 0; i < 20; i++)
            passed += await TakeAsync(group.Limits[i % 2], "1.1.1.1", $"sid=invented{i}") ? 1 : 0;

        Assert.Equal(4, passed);
        Assert.True(await TakeAsync(group.Limits[0], "1.1.1.2", "sid=another"));
    }

    [Fact]
    public async Task DifferentValues_AreCountedOverReplicas_AndKnownOnesPass()
    {
        using var redis = await RedisServer.StartAsync();
        var distinct = PerClient with
        {
            Requests = 3, Distinct = new DistinctValues { Of = RateLimitKeyKind.Session, Name = "sid" },
        };
        using var group = await Group.StartAsync(redis, 2, distinct);

        var passed = new List<bool>();
        for (var i = 0; i < 5; i++) passed.Add(await TakeAsync(group.Limits[i % 2], "1.1.1.1", $"sid={i}"));

        Assert.Equal([true, true, true, false, false], passed);
        Assert.True(await TakeAsync(group.Limits[0], "1.1.1.1", "sid=1"));
    }

    [Fact]
    public async Task KeysThatAClientInvents_DoNotFillRedis_AndAreCountedAllTheSame()
    {
        using var redis = await RedisServer.StartAsync();
        var spraying = PerClient with
        {
            Key = RateLimitKeyKind.Session, KeyName = "user", Requests = 2, Period = TimeSpan.FromHours(1),
            Distinct = new DistinctValues { Of = RateLimitKeyKind.Client },
        };
        using var group = await Group.StartAsync(redis, 1, spraying);

        for (var i = 0; i < 600; i++) Assert.True(await TakeAsync(group.Limits[0], "1.1.1.1", $"user=u{i}"));

        var keys = (long)await group.Counting[0].Link.Ask()!.ExecuteAsync("DBSIZE");
        Assert.InRange(keys, 200, 260);
        Assert.True(await TakeAsync(group.Limits[0], "1.1.1.2", "user=u599"));
        Assert.False(await TakeAsync(group.Limits[0], "1.1.1.3", "user=u599"));
    }

    [Fact]
    public async Task WhatResponsesCost_IsTakenFromAllReplicas()
    {
        using var redis = await RedisServer.StartAsync();
        var failures = PerClient with
        {
            Requests = 5, Burst = 5,
            Cost = new RateCost { Request = 0, Statuses = [new StatusCost { From = 401, To = 401, Cost = 1 }] },
        };
        using var group = await Group.StartAsync(redis, 2, failures);

        for (var i = 0; i < 6; i++)
        {
            group.Limits[0].Charge(
                Client("1.1.1.1"), Request(null), new ResponseFacts(401, 0));
        }

        await group.PayAsync();
        Assert.False(await TakeAsync(group.Limits[1], "1.1.1.1"));
        Assert.True(await TakeAsync(group.Limits[1], "1.1.1.2"));
    }

    [Fact]
    public async Task RedisGone_EachReplicaGivesItsPart_AndPaysWhenItIsBack()
    {
        using var redis = await RedisServer.StartAsync();
        var limit = PerClient with { Requests = 40, Burst = 40 };
        using var group = await Group.StartAsync(redis, 4, limit);
        redis.Stop();
        await group.UntilAsync(counting => !counting.Link.IsUp);

        var passed = 0;
        foreach (var limits in group.Limits)
        {
            for (var i = 0; i < 30; i++) passed += await TakeAsync(limits, "1.1.1.1") ? 1 : 0;
        }

        Assert.Equal(40, passed);
        Assert.Equal(40, group.Counting.Sum(counting => counting.Debts.Units));
        Assert.All(group.Counting, counting => Assert.NotNull(counting.Link.Problem));

        await redis.StartAgainAsync();
        await group.UntilAsync(counting => counting.Link.IsUp);
        await group.PayAsync();

        Assert.Equal(0, group.Counting.Sum(counting => counting.Debts.Units));
        // One that gave nothing away knows from Redis that all of it is spent.
        using var fifth = await Group.StartAsync(redis, 1, limit);
        Assert.False(await TakeAsync(fifth.Limits[0], "1.1.1.1"));
    }

    [Fact]
    public async Task RedisSilent_NobodyWaitsForLong_AndAfterSomeMissesNobodyWaits()
    {
        using var redis = await RedisServer.StartAsync();
        using var group = await Group.StartAsync(redis, 1, PerClient, SharedCounting.Budget);
        redis.Hold();
        try
        {
            for (var i = 0; i < 20; i++) Assert.True(await TakeAsync(group.Limits[0], "1.1.1.1"));

            var (shared, late, away) = group.Counting[0].Counts;
            Assert.Equal((0, 20), (shared, late + away));
            Assert.InRange(late, 8, 12);
            Assert.Equal("it does not answer in time", group.Counting[0].Link.Problem);
        }
        finally
        {
            redis.GoOn();
        }
    }

    [Fact]
    public async Task Tls_AndPassword_AreAsked_AndWhatIsWrongIsSaid()
    {
        using var redis = await RedisServer.StartAsync(isEncrypted: true);
        using var right = await Group.StartAsync(redis, 1, PerClient);
        using var other = await RedisServer.StartAsync(isEncrypted: true);

        Assert.True(await TakeAsync(right.Limits[0], "1.1.1.1"));
        Assert.Equal(1, right.Counting[0].Counts.Shared);
        foreach (var wrong in (RedisPolicy[])[
            redis.Policy("not the password"), redis.Policy() with { CaPem = other.CaPem },
            redis.Policy() with { Tls = false, CaPem = null }])
        {
            using var counting = new SharedCounting(wrong, "shop/main", TimeProvider.System);
            await Task.Delay(1_500);
            Assert.False(counting.Link.IsUp);
            Assert.NotNull(counting.Link.Problem);
        }
    }

    [Theory]
    [InlineData(LimitSharing.Divided, 40)]
    [InlineData(LimitSharing.PerReplica, 160)]
    public void WithoutRedis_ALimitIsDividedByReplicas_OrNot(LimitSharing sharing, int passes)
    {
        var replicas = new ReplicaCount { Count = 4 };
        var limit = PerClient with { Requests = 40, Burst = 40 };
        var limits = Enumerable.Range(0, 4).Select(_ => new RateLimitProgram(
            [limit], TimeProvider.System, new ReplicaSharing(sharing, replicas, null), null)).ToList();

        var passed = limits.Sum(one => Enumerable.Range(0, 50).Count(_ =>
            one.Take(Client("1.1.1.1"), Request(null)).Limit is null));

        Assert.Equal(passes, passed);
    }

    [Fact]
    public void MoreReplicas_EachGivesLessFromThenOn_AndNeverNothing()
    {
        var time = new FakeTimeProvider();
        var replicas = new ReplicaCount();
        var limits = new RateLimitProgram(
            [PerClient with { Requests = 60, Burst = 2, Period = TimeSpan.FromMinutes(1) }], time,
            new ReplicaSharing(LimitSharing.Divided, replicas, null), null);
        Assert.True(Passes() && Passes());
        Assert.False(Passes());

        replicas.Count = 10;
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(Passes());
        Assert.False(Passes());
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(Passes());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Passes());

        bool Passes() => limits.Take(Client("1.1.1.1"), Request(null)).Limit is null;
    }

    private static async Task<bool> TakeAsync(RateLimitProgram limits, string client, string? cookie = null) =>
        (await limits.TakeAsync(Client(client), Request(cookie), ofBody: false)).Limit is null;

    private static Address Client(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }

    private static CanonicalRequest Request(string? cookie)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/", "HTTP/1.1");
        request.AddHeader("Host", "shop");
        if (cookie is not null) request.AddHeader("Cookie", cookie);
        request.EndHeaders();
        return request;
    }

    /// <summary>Replicas of one policy.</summary>
    private sealed class Group : IDisposable
    {
        public List<SharedCounting> Counting { get; } = [];

        public List<RateLimitProgram> Limits { get; } = [];

        public static async Task<Group> StartAsync(
            RedisServer redis, int replicas, RateLimit limit, TimeSpan? budget = null)
        {
            var group = new Group();
            var count = new ReplicaCount { Count = replicas };
            for (var i = 0; i < replicas; i++)
            {
                var counting = new SharedCounting(redis.Policy(), "shop/main", TimeProvider.System)
                {
                    WaitMax = budget ?? Patience,
                };
                group.Counting.Add(counting);
                group.Limits.Add(new RateLimitProgram(
                    [limit], TimeProvider.System, new ReplicaSharing(LimitSharing.Divided, count, counting), null));
            }

            await group.UntilAsync(counting => counting.Link.IsUp);
            return group;
        }

        public async Task PayAsync()
        {
            for (var i = 0; i < 100 && !await AllPaidAsync(); i++) await Task.Delay(50);
        }

        public async Task UntilAsync(Func<SharedCounting, bool> isSo)
        {
            var until = DateTime.UtcNow + Patience;
            while (!Counting.All(isSo) && DateTime.UtcNow < until) await Task.Delay(20);
            Assert.All(Counting, counting => Assert.True(isSo(counting), counting.Link.Problem));
        }

        public void Dispose() => Counting.ForEach(counting => counting.Dispose());

        private async Task<bool> AllPaidAsync()
        {
            foreach (var counting in Counting) await counting.Debts.PayAsync();
            return Counting.All(counting => counting.Debts.Units == 0);
        }
    }
}
