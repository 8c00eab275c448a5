using WafOperator.Behaviour.Keys;
using WafOperator.Behaviour.Limits;

namespace WafOperator.Behaviour.Tests.Limits;

public sealed class DistinctTableTests
{
    private const long Period = 4_096_000;

    [Fact]
    public void Add_UpToTheLimit_ThenOnlyWhatWasThere()
    {
        var table = new DistinctTable(3, Period, 64);

        Assert.Equal([2, 1, 0], Enumerable.Range(0, 3).Select(i => table.Add(1, Value(i), 0).Remaining));
        Assert.Equal(new RateAnswer(Period, 0), table.Add(1, Value(3), 0));
        Assert.Equal(0, table.Add(1, Value(1), 0).WaitTicks);
        Assert.Equal(0, table.Add(2, Value(3), 0).WaitTicks);
    }

    [Fact]
    public void Add_AValueThatWasNotSeenForThePeriod_MakesRoom()
    {
        var table = new DistinctTable(2, Period, 64);
        table.Add(1, Value(0), 0);
        table.Add(1, Value(1), Period / 2);

        Assert.Equal(Period / 4, table.Add(1, Value(2), Period * 3 / 4).WaitTicks);
        Assert.Equal(0, table.Add(1, Value(2), Period).WaitTicks);
        Assert.True(table.Add(1, Value(0), Period).WaitTicks > 0);
    }

    [Fact]
    public void Add_AValueThatIsUsed_StaysWithinThePeriod()
    {
        var table = new DistinctTable(1, Period, 64);
        for (var i = 0; i < 10; i++) Assert.Equal(0, table.Add(1, Value(0), i * Period / 2).WaitTicks);

        Assert.True(table.Add(1, Value(1), 5 * Period).WaitTicks > 0);
    }

    [Fact]
    public void MoreKeysThanRoom_TheKeyWithManyValuesStays()
    {
        var table = new DistinctTable(20, Period, 64);
        for (var i = 0; i < 20; i++) table.Add(7, Value(i), 0);

        for (UInt128 key = 100; key < 10_000; key++) table.Add(ClientKeys.Of(key), Value(0), 1);

        Assert.True(table.Add(7, Value(99), 2).WaitTicks > 0);
    }

    [Theory]
    [InlineData(1, 16_384)]
    [InlineData(50, 8_192)]
    [InlineData(1000, 512)]
    public void Keys_AreAsManyAsTheMemoryHolds(int limit, int keys) =>
        Assert.Equal(keys, new DistinctTable(limit, Period, 16_384).Keys);

    [Fact]
    public void Add_AnySequence_AgreesWithASet()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 100; round++)
        {
            var limit = random.Next(1, 12);
            var table = new DistinctTable(limit, Period, 8);
            var seen = new Dictionary<int, long>();
            // Whole steps of the table, so that the model need not round.
            long now = 0;
            for (var i = 0; i < 300; i++)
            {
                now += random.Next(0, 600) * 1000L;
                foreach (var old in seen.Where(pair => now - pair.Value >= Period).ToList()) seen.Remove(old.Key);
                var value = random.Next(0, 20);
                var passes = seen.ContainsKey(value) || seen.Count < limit;
                Assert.Equal(passes, table.Add(1, Value(value), now).WaitTicks == 0);
                if (passes) seen[value] = now;
            }
        }
    }

    private static UInt128 Value(int i) => ClientKeys.Of(KeySpace.Parameter, BitConverter.GetBytes(i));
}
