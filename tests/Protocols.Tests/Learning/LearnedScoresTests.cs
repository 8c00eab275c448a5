using WafOperator.Protocols.Learning;

namespace WafOperator.Protocols.Tests.Learning;

public sealed class LearnedScoresTests
{
    [Fact]
    public void Merge_OfTwoHalves_EqualsTheWhole()
    {
        var whole = Replica(clients: 1..400, perClient: 4, score: 0.4, field: 7);
        var halves = LearnedScores.Merge(
        [
            Replica(clients: 1..200, perClient: 4, score: 0.4, field: 7),
            Replica(clients: 201..400, perClient: 4, score: 0.4, field: 7),
        ]);

        Assert.Equal(
            (whole.Requests, whole.All.Total, whole.All.Clients),
            (halves.Requests, halves.All.Total, halves.All.Clients));
        Assert.Equal(whole.Fields[7].ThresholdFor(0.01), halves.Fields[7].ThresholdFor(0.01));
    }

    [Fact]
    public void Merge_OfTheSameClientsOnEveryReplica_CountsThemOnce()
    {
        var replica = Replica(clients: 1..30, perClient: 8, score: 0.9, field: 1);

        Assert.Equal(replica.All.Clients, LearnedScores.Merge([replica, replica, replica]).All.Clients);
    }

    [Fact]
    public void Merge_WithOneReplicaThatShouts_MovesTheThresholdNoFurtherThanItsShare()
    {
        var honest = Enumerable.Range(0, 9)
            .Select(_ => Replica(clients: 1..300, perClient: 4, score: 0.3, field: 5)).ToList();
        var liar = Replica(clients: 1..3_000, perClient: 300, score: 0.999, field: 5);

        var merged = LearnedScores.Merge([.. honest, liar]);

        // 900,000 observations of the liar count as much as two of the others: 2 of 11.
        Assert.InRange(merged.Fields[5].Total, 9 * 1_200, 11.1 * 1_200);
        Assert.True(merged.Fields[5].ThresholdFor(0.25) < 0.4);
        Assert.True(LearnedScores.Merge([liar]).Fields[5].ThresholdFor(0.25) > 0.99);
    }

    [Fact]
    public void Merge_KeepsTheBusiestFields_AndNoMore()
    {
        var replicas = Enumerable.Range(0, 8).Select(r => new LearnedScores
        {
            Fields = Enumerable.Range(r * 100, 100)
                .ToDictionary(f => (ulong)f, f => Sketch(1..2, f == 777 ? 500 : 1, 0.2)),
        }).ToList();

        var merged = LearnedScores.Merge(replicas);

        Assert.Equal(LearnedScores.FieldsMax, merged.Fields.Count);
        Assert.Contains(777ul, merged.Fields.Keys);
    }

    [Fact]
    public void WriteAndRead_KeepEverything_WithinTheBound()
    {
        var scores = Replica(clients: 1..2_000, perClient: 8, score: 0.7, field: 3) with
        {
            WouldBlock = 12,
            Fields = Enumerable.Range(0, 200).ToDictionary(f => (ulong)f * 0x9E3779B97F4A7C15, f => Wide((ulong)f)),
        };

        var text = scores.Write();
        var read = LearnedScores.Read(text);

        Assert.InRange(text.Length, 1, LearnedScores.TextCharsMax);
        Assert.NotNull(read);
        Assert.Equal(
            (scores.Requests, 12L, scores.All.Total, scores.All.Clients),
            (read.Requests, read.WouldBlock, read.All.Total, read.All.Clients));
        Assert.Equal(LearnedScores.FieldsMax, read.Fields.Count);
        Assert.All(read.Fields, f => Assert.Equal(scores.Fields[f.Key].ThresholdFor(0.01), f.Value.ThresholdFor(0.01)));
    }

    [Fact]
    public void Read_OfDamagedText_IsRefusedOrHarmless()
    {
        const int seed = 5;
        var random = new Random(seed);
        var good = Convert.FromBase64String(Replica(clients: 1..50, perClient: 3, score: 0.6, field: 9).Write());
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = (byte[])good.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var read = LearnedScores.Read(Convert.ToBase64String(bytes, 0, random.Next(1, bytes.Length + 1)));
            Assert.True(
                read is null || (read.Requests >= 0 && read.Fields.Count <= LearnedScores.FieldsMax),
                $"seed {seed}, input {i}");
        }

        Assert.Null(LearnedScores.Read(null));
        Assert.Null(LearnedScores.Read("not base64"));
        Assert.Null(LearnedScores.Read(new string('A', LearnedScores.TextCharsMax + 1)));
    }

    [Theory]
    [InlineData(999, 0, false)]
    [InlineData(10_000, 0, true)]
    [InlineData(10_000, 500, false)]
    public void IsSafeToEnforce_NeedsEnoughRequestsAndFewBlocks(long requests, long wouldBlock, bool expected) =>
        Assert.Equal(
            expected,
            new LearnedScores { Requests = requests, WouldBlock = wouldBlock }.IsSafeToEnforce(1_000, 0.001));

    private static LearnedScores Replica(Range clients, int perClient, double score, ulong field)
    {
        var sketch = Sketch(clients, perClient, score);
        return new LearnedScores
        {
            Requests = sketch.Total, All = sketch, Fields = new Dictionary<ulong, ScoreSketch> { [field] = sketch },
        };
    }

    private static ScoreSketch Sketch(Range clients, int perClient, double score)
    {
        var sketch = new ScoreSketch();
        for (var client = clients.Start.Value; client <= clients.End.Value; client++)
        {
            for (var i = 0; i < perClient; i++) sketch.Add(score, (ulong)client * 0x9E3779B97F4A7C15);
        }

        return sketch;
    }

    /// <summary>Every bucket and every client bit in use: the longest text form.</summary>
    private static ScoreSketch Wide(ulong seed)
    {
        var sketch = new ScoreSketch();
        var random = new Random((int)seed);
        for (var i = 0; i < 4_000; i++) sketch.Add(random.NextDouble(), (ulong)random.NextInt64());
        return sketch;
    }
}
