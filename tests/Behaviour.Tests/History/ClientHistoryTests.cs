using System.Runtime.CompilerServices;
using WafOperator.Behaviour.History;
using WafOperator.Behaviour.Keys;
using WafOperator.Fixtures;

namespace WafOperator.Behaviour.Tests.History;

public sealed class ClientHistoryTests
{
    private const int Minute = 60_000;

    [Fact]
    public void AHundredThousandClients_FitIn64MiB_AndAreAllRemembered()
    {
        var history = new ClientHistory(100_000);
        for (var i = 0; i < 100_000; i++) history.Add(Key(i), new Observation { Route = i & 1023 }, 0, i);

        Assert.Equal(640, Unsafe.SizeOf<ClientRecord>());
        Assert.InRange(history.Bytes, 1, 64L << 20);
        Assert.InRange(history.Evicted, 0, 100);
        var remembered = Enumerable.Range(0, 100_000).Count(i =>
            history.TryRead(Key(i), out var record) && record.Count == 1 && record[0].Route == (i & 1023));
        Assert.Equal(100_000 - history.Evicted, remembered);
    }

    [Fact]
    public void TryRead_GivesTheLast50InOrder()
    {
        var history = new ClientHistory(10);
        for (var i = 1; i <= 120; i++)
        {
            history.Add(Key(1), new Observation { Route = i, Status = 200 }, 0, i * 1000);
            Assert.True(history.TryRead(Key(1), out var record));
            Assert.Equal(Math.Min(i, 50), record.Remembered);
            Assert.Equal(Enumerable.Range(Math.Max(1, i - 49), record.Remembered),
                Enumerable.Range(0, record.Remembered).Select(at => record[at].Route));
        }

        Assert.False(history.TryRead(Key(2), out _));
    }

    [Fact]
    public void Add_MarksRoutesThatAreNotAmongThoseRemembered()
    {
        var history = new ClientHistory(10);
        foreach (var route in new[] { 1, 2, 1 }) history.Add(Key(1), new Observation { Route = route }, 0, 0);

        history.TryRead(Key(1), out var record);

        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(i => record[i].Has(RequestMarks.NewRoute)));
    }

    [Fact]
    public void Windows_ASteadyRate_ReadsAsRateTimesLength()
    {
        var history = new ClientHistory(10);
        for (var i = 0; i < 20_000; i++)
            history.Add(Key(1), new Observation { Status = i % 4 == 0 ? 404 : 200, Bytes = 2048 }, 0, i * 1000L);

        history.TryRead(Key(1), out var record);

        Assert.Equal(60, record.Minute[WindowCount.Requests], 1.0);
        Assert.Equal(300, record.FiveMinutes[WindowCount.Requests], 2.0);
        Assert.Equal(3600, record.Hour[WindowCount.Requests], 20.0);
        Assert.Equal(0.25, record.Hour[WindowCount.NotFound] / record.Hour[WindowCount.Requests], 0.01);
        Assert.Equal(7200, record.Hour[WindowCount.Kilobytes], 40.0);
        history.Add(Key(1), default, 0, 20_000_000L + 10 * Minute);
        history.TryRead(Key(1), out record);
        Assert.InRange(record.Minute[WindowCount.Requests], 1, 1.01);
    }

    [Fact]
    public void UnderAFloodOfKeys_SuspectsAndTheLongKnownStay()
    {
        var history = new ClientHistory(5_000);
        for (var i = 0; i < 1000; i++) history.Add(Key(i), default, 200, 0);
        for (var round = 0; round < 12; round++)
        {
            for (var i = 1000; i < 2000; i++) history.Add(Key(i), default, 0, round * Minute);
        }

        Assert.Equal(1000, history.CountOf(ClientSegment.Suspect));
        Assert.Equal(1000, history.CountOf(ClientSegment.Known));
        for (var i = 0; i < 200_000; i++) history.Add(Key(1_000_000 + i), default, 0, 12 * Minute + i);

        Assert.Equal(2000, Enumerable.Range(0, 2000).Count(i => history.TryRead(Key(i), out _)));
        Assert.InRange(history.CountOf(ClientSegment.New), 2900, 3200);
    }

    [Fact]
    public void UnderAFloodOfSuspiciousKeys_WorseOnesStay_AndTheKnownAreNotMovedOut()
    {
        var history = new ClientHistory(1_000);
        for (var i = 0; i < 100; i++) history.Add(Key(i), default, 250, 0);
        for (var round = 0; round < 12; round++)
        {
            for (var i = 100; i < 400; i++) history.Add(Key(i), default, 0, round * Minute);
        }

        for (var i = 0; i < 50_000; i++) history.Add(Key(1_000_000 + i), default, 100, 12 * Minute);

        Assert.Equal(400, Enumerable.Range(0, 400).Count(i => history.TryRead(Key(i), out _)));
        Assert.InRange(history.CountOf(ClientSegment.Suspect), 100, 300);
    }

    [Fact]
    public void Suspicion_Fades_AndTheClientIsAnOrdinaryOneAgain()
    {
        var history = new ClientHistory(100);
        history.Add(Key(1), default, 255, 0);
        Assert.Equal(1, history.CountOf(ClientSegment.Suspect));

        history.Add(Key(1), default, 0, 60 * Minute);
        history.TryRead(Key(1), out var record);
        Assert.Equal(127, record.Suspicion);
        history.Add(Key(1), default, 0, 180 * Minute);

        Assert.Equal((0, 1), (history.CountOf(ClientSegment.Suspect), history.CountOf(ClientSegment.New)));
    }

    [Fact]
    public void AJudge_SetsTheRisk_AndItsSuspicionKeepsTheClient()
    {
        var history = new ClientHistory(100);

        history.Add(Key(1), default, 0, 5000, new FixedJudge());

        Assert.Equal(((byte)200, (byte)3, 5u), history.RiskOf(Key(1)));
        Assert.Equal(1, history.CountOf(ClientSegment.Suspect));
        Assert.Equal(((byte)0, (byte)0, 0u), history.RiskOf(Key(2)));
    }

    /// <summary>Against a dictionary; beyond its room, lists and index stay whole.</summary>
    [Fact]
    public void AnySequence_AgreesWithADictionary_AndLosesNobodyWhileThereIsRoom()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 30; round++)
        {
            var room = round < 4 ? round + 1 : random.Next(1, 200);
            var history = new ClientHistory(room);
            var model = new Dictionary<int, int>();
            for (var i = 0; i < 3000; i++)
            {
                var client = random.Next(round % 2 == 0 ? room : room * 3);
                history.Add(Key(client), new Observation { Route = client }, (byte)random.Next(256), i * 500L);
                model[client] = model.GetValueOrDefault(client) + 1;
                Assert.True(history.TryRead(Key(client), out var record));
                Assert.Equal(client, record[record.Remembered - 1].Route);
            }

            var kept = model.Keys.Where(client => history.TryRead(Key(client), out _)).ToList();
            Assert.Equal(Math.Min(room, model.Count), kept.Count);
            Assert.Equal(kept.Count, Enum.GetValues<ClientSegment>().Sum(history.CountOf));
            if (round % 2 != 0) continue;
            foreach (var (client, count) in model)
            {
                history.TryRead(Key(client), out var record);
                Assert.Equal((uint)count, record.Count);
            }
        }
    }

    [Fact]
    public void Add_AllocatesNothing()
    {
        var history = new ClientHistory(1000);
        for (var i = 0; i < 5000; i++) history.Add(Key(i), default, (byte)i, i, new FixedJudge());

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 5000; i++) history.Add(Key(i), default, (byte)i, i, new FixedJudge());
        }));
    }

    private static UInt128 Key(int client) => ClientKeys.Of((UInt128)client);

    private readonly struct FixedJudge : IClientJudge
    {
        public byte Judge(ref ClientRecord record, long now)
        {
            (record.Risk, record.RiskModel, record.RiskSecond) = (200, 3, (uint)(now / 1000));
            return 100;
        }
    }
}
