using System.Net;
using WafOperator.Console.Access;
using WafOperator.Console.Store.Sqlite;

namespace WafOperator.Console.Tests.Access;

/// <summary>How much somebody can have asked of the API server.</summary>
public sealed class GatekeeperTests
{
    private static readonly IPAddress Peer = IPAddress.Parse("198.51.100.7");

    private readonly Cluster _cluster = new();
    private readonly TestClock _clock = new();
    private readonly Gatekeeper _gate;

    public GatekeeperTests() => _gate = new Gatekeeper(
        [_cluster], _cluster, new SqliteEventStore(Path.Combine(Path.GetTempPath(), "never-opened.db")), _clock);

    [Fact]
    public async Task BadTokensOfAnAddress_AreAnsweredWithoutAsking_AndOthersAreServed()
    {
        Assert.NotNull((await _gate.SignInAsync("good-1", Peer, default)).Viewer);
        var refused = 0;
        for (var i = 0; i < 300; i++)
        {
            var result = await _gate.SignInAsync($"bad-{i}", Peer, default);
            if (result.StatusCode == 429) refused++;
            else Assert.Equal(401, result.StatusCode);
        }

        Assert.InRange(_cluster.Tokens, 2, 40);
        Assert.InRange(refused, 260, 300);
        // Somebody else; and who was good before, from that same address, also when it is asked about again.
        // Of several: two addresses may share a row of the allowance.
        var others = new List<SignInResult>();
        for (byte i = 1; i < 6; i++)
            others.Add(await _gate.SignInAsync($"good-2-{i}", new IPAddress([203, 0, 113, i]), default));
        Assert.Contains(others, other => other.Viewer is not null);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull((await _gate.SignInAsync("good-1", Peer, default)).Viewer);
    }

    [Fact]
    public async Task ABadToken_IsAskedAboutOnce_ForAWhile()
    {
        for (var i = 0; i < 10; i++) await _gate.SignInAsync("bad", Peer, default);
        Assert.Equal(1, _cluster.Tokens);
        _clock.Advance(TimeSpan.FromSeconds(11));
        await _gate.SignInAsync("bad", Peer, default);
        Assert.Equal(2, _cluster.Tokens);
    }

    [Fact]
    public async Task BadTokens_PushNoGoodOneOut()
    {
        await _gate.SignInAsync("good-1", Peer, default);
        for (var i = 0; i < 20_000; i++)
        {
            await _gate.SignInAsync(
                $"bad-{i}", new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), default);
        }

        var before = _cluster.Tokens;
        await _gate.SignInAsync("good-1", Peer, default);
        Assert.Equal(before, _cluster.Tokens);
    }

    [Fact]
    public async Task AddressesOfOneNetwork_AreOne_WithIPv6()
    {
        for (var i = 0; i < 300; i++)
            await _gate.SignInAsync($"bad-{i}", IPAddress.Parse($"2001:db8::{i + 1:x}"), default);
        Assert.InRange(_cluster.Tokens, 1, 40);
    }

    [Fact]
    public async Task QuestionsAtOnce_AreBounded()
    {
        _cluster.Gate = new TaskCompletionSource();
        var asking = Enumerable.Range(0, 200).Select(i => Task.Run(() => _gate.SignInAsync(
            $"bad-{i}", new IPAddress([10, 0, (byte)i, 1]), default))).ToList();
        var until = DateTimeOffset.UtcNow.AddSeconds(30);
        while (_cluster.AtOnce < 16)
        {
            Assert.True(DateTimeOffset.UtcNow < until, "too few were asked");
            await Task.Delay(20);
        }

        // Those that wait are sent away in the end, however long the others take.
        while (asking.Count(task => task.IsFaulted) < 184)
        {
            Assert.True(DateTimeOffset.UtcNow < until.AddSeconds(30), "they wait for ever");
            await Task.Delay(20);
        }

        _cluster.Gate.SetResult();
        var sentAway = 0;
        foreach (var task in asking)
        {
            try
            {
                await task;
            }
            catch (AccessUnavailableException)
            {
                sentAway++;
            }
        }

        Assert.Equal((16, 184), (_cluster.AtOnceMax, sentAway));
    }

    [Fact]
    public async Task RightsOfAUser_AreAskedAboutToABound_AndNeverForWhatIsNoNamespace()
    {
        var ann = new Viewer("ann", []);
        foreach (var ns in new[] { "", "A", "a/b", new string('a', 64), "a\0b" })
            Assert.False(await _gate.MayAsync(ann, ConsoleRight.SeeEvents, ns, default));
        Assert.Equal(0, _cluster.Rights);

        await Assert.ThrowsAsync<AccessUnavailableException>(async () =>
        {
            for (var i = 0; i < 5_000; i++) await _gate.MayAsync(ann, ConsoleRight.SeeEvents, $"ns-{i}", default);
        });

        Assert.InRange(_cluster.Rights, 500, 2_000);
        // Of several: two users may share a row of the allowance.
        var served = 0;
        for (var i = 0; i < 5; i++)
        {
            try
            {
                if (await _gate.MayAsync(new Viewer($"sue-{i}", []), ConsoleRight.SeeEvents, "shop", default)) served++;
            }
            catch (AccessUnavailableException)
            {
                // Ann's row.
            }
        }

        Assert.InRange(served, 1, 5);
    }

    private sealed class Cluster : ITokenSource, IAccessRules
    {
        private int _tokens;
        private int _rights;
        private int _atOnce;

        public TaskCompletionSource? Gate { get; set; }
        public int Tokens => _tokens;
        public int Rights => _rights;
        public int AtOnce => Volatile.Read(ref _atOnce);
        public int AtOnceMax { get; private set; }

        public async Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _tokens);
            AtOnceMax = Math.Max(AtOnceMax, Interlocked.Increment(ref _atOnce));
            if (Gate is { } gate) await gate.Task;
            Interlocked.Decrement(ref _atOnce);
            return token.StartsWith("good", StringComparison.Ordinal)
                ? SignInResult.Of(new Viewer(token, [])) : SignInResult.Refused(401, "the token is not valid");
        }

        public Task<bool> MayAsync(
            Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _rights);
            return Task.FromResult(true);
        }
    }
}
