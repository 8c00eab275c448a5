using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Tests.Listening;

public sealed class FairBudgetTests
{
    [Theory]
    [InlineData(80, 80, 100, true)]
    [InlineData(81, 81, 100, false)]
    [InlineData(1, 100, 100, false)]
    [InlineData(1, 99, 100, true)]
    [InlineData(5, 99, 100, false)]
    [InlineData(1, 101, 100, false)]
    [InlineData(1, 1, long.MaxValue, true)]
    public void Allows_LeavesRoomForOthers(long mine, long taken, long max, bool expected) =>
        Assert.Equal(expected, FairBudget.Allows(mine, taken, max));

    /// <summary>What the operator says a client may send is what the sidecar holds for one.</summary>
    [Fact]
    public void TheLongestBody_IsWhatAllows_SaysOfOneClient()
    {
        foreach (var limit in new[] { 64L << 20, 384L << 20, 4L << 30, 64L << 30 })
        {
            var held = new ProxyLimits().ForMemory(limit / 4 * 3).BufferedBytesMax;
            var longest = SidecarMemory.BodyBytesMax(limit);
            Assert.True(FairBudget.Allows(longest, longest, held));
            Assert.False(FairBudget.Allows(longest + 5, longest + 5, held));
        }
    }

    [Fact]
    public void AnyClients_InAnyOrder_NobodyTakesAllAndEverybodyGetsSomething()
    {
        var random = new Random(23);
        for (var round = 0; round < 200; round++)
        {
            var max = random.Next(500, 100_000);
            var budget = new FairBudget(max);
            var greedy = Enumerable.Range(0, random.Next(1, 6)).ToArray();
            var taken = new long[greedy.Length];
            for (var i = 0; i < 20_000; i++)
            {
                var who = random.Next(greedy.Length);
                var units = random.Next(1, Math.Max(2, max / 200));
                if (budget.TryTake(greedy[who], units)) taken[who] += units;
            }

            Assert.InRange(budget.Taken, 1, max);
            Assert.All(taken, mine => Assert.InRange(mine, 1, max * 4 / 5));
            Assert.True(budget.TryTake(99, 1), $"a newcomer found no room: {string.Join(' ', taken)} of {max}");
            for (var who = 0; who < greedy.Length; who++) budget.Return(greedy[who], taken[who]);
            budget.Return(99, 1);
            Assert.Equal(0, budget.Taken);
        }
    }

    [Fact]
    public void Rows_SpreadAddressesAndKeepANetworkOfIpv6Together()
    {
        var rows = Enumerable.Range(0, 1_000)
            .Select(i => ClientCounts.RowOf(Address.Of(new IPAddress(new byte[] { 10, 0, (byte)(i >> 8), (byte)i }))));

        Assert.InRange(rows.Distinct().Count(), 800, 1_000);
        Assert.Equal(
            ClientCounts.RowOf(Address.Of(IPAddress.Parse("2001:db8::1"))),
            ClientCounts.RowOf(Address.Of(IPAddress.Parse("2001:db8::ffff:1"))));
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(512, 512)]
    [InlineData(513, 1024)]
    [InlineData(20_000, 20_480)]
    public void HeldBody_PaysForWhatCame(int bytes, long paid)
    {
        var budget = new FairBudget(1 << 20);
        using var held = new HeldBody(budget, 1);

        Assert.True(held.TryAppend(new byte[bytes]));

        Assert.Equal(paid, budget.Taken);
    }

    [Fact]
    public void HeldBody_ThatTrickles_PaysAtMostTwice()
    {
        var budget = new FairBudget(1 << 20);
        using var held = new HeldBody(budget, 1);
        for (var length = 1; length <= 100_000; length++)
        {
            Assert.True(held.TryAppend([1]));
            Assert.InRange(budget.Taken, length, Math.Max(512, length * 2));
        }
    }
}
