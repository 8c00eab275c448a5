using WafOperator.Models.Server.Batching;

namespace WafOperator.Models.Server.Tests.Batching;

/// <summary>What runs next, at times that the test names. Delay: 10; batches: 100 tokens or 8 rows.</summary>
public sealed class BatchQueueTests
{
    private static readonly BatchLimits Limits =
        new() { BatchTokensMax = 100, BatchRowsMax = 8, QueueLengthMax = 4, QueueTokensMax = 400 };

    private readonly BatchQueue _queue = new(Limits, delayTicks: 10);
    private readonly BatchShape _short = Shape(10);
    private readonly BatchShape _long = Shape(50);

    [Fact]
    public void AJob_WaitsForCompanyAsLongAsTheDelay()
    {
        Seen(callers: 2, at: 50);
        Add(_short, 1, at: 100);

        Assert.Equal((0, 110L), Take(109));
        Assert.Equal(1, Take(110).Parts);
        Assert.Equal((0, long.MaxValue), Take(111));
    }

    [Fact]
    public void ALoneCaller_NeverWaits_HoweverSoonItAsksAgain()
    {
        for (var at = 100L; at < 105; at++)
        {
            var job = Add(_short, 1, at);
            Assert.Equal(at, _queue.DueAt(job));
            Assert.Equal(1, Take(at).Parts);
            _queue.Ended(job);
        }
    }

    [Fact]
    public void WhenAllCallersThatWereSeenAreThere_NobodyWaitsForMore()
    {
        Seen(callers: 3, at: 50);
        Add(_short, 1, at: 100);
        Assert.Equal(111, _queue.DueAt(Add(_short, 1, at: 101)));
        Assert.Equal((0, 110L), Take(102));

        var last = Add(_short, 1, at: 103);

        Assert.Equal(103, _queue.DueAt(last));
        Assert.Equal(3, Take(103).Parts);
    }

    [Fact]
    public void ThoseThatRun_AreNotWaitedFor()
    {
        Seen(callers: 2, at: 50);
        Add(_short, 1, at: 100);
        Add(_short, 1, at: 100);
        Assert.Equal(2, Take(100).Parts);

        // Two run, a third comes: more than were ever there.
        Add(_short, 1, at: 101);

        Assert.Equal(1, Take(101).Parts);
    }

    [Theory]
    [InlineData(499, 0)]
    [InlineData(1_100, 1)]
    public void Callers_AreForgottenWhenTheyStayAway(long later, int parts)
    {
        Seen(callers: 2, at: 50);

        Add(_short, 1, at: 50 + later);

        Assert.Equal(parts, Take(50 + later).Parts);
    }

    [Fact]
    public void AJobThatEnds_CountsOnce_HoweverOftenItIsSaid()
    {
        Seen(callers: 2, at: 50);
        var job = Add(_short, 1, at: 100);
        _queue.Remove(job);
        _queue.Ended(job);
        _queue.Ended(job);

        Add(_short, 1, at: 101);
        Add(_short, 1, at: 101);

        // Counted twice, two callers would look like one, and wait.
        Assert.Equal(2, Take(101).Parts);
    }

    [Fact]
    public void AFullLane_RunsAtOnce()
    {
        Add(_long, 1, at: 100);
        Add(_long, 1, at: 101);

        Assert.Equal(2, Take(101).Parts);
    }

    [Fact]
    public void RowsOfOtherShapes_NeverShareABatch()
    {
        Add(_short, 1, at: 100);
        Add(_long, 1, at: 101);

        Assert.Equal([_short], TakeShapes(120));
        Assert.Equal([_long], TakeShapes(120));
    }

    [Fact]
    public void TheOldestReadyLane_RunsFirst()
    {
        Add(_long, 1, at: 105);
        Add(_short, 1, at: 100);

        Assert.Equal([_short], TakeShapes(200));
    }

    [Theory]
    [InlineData(10, 10, 8)] // ten rows of ten tokens: the rows end it
    [InlineData(4, 30, 3)] // four rows of thirty tokens: the tokens end it
    public void ABatch_HoldsAsMuchAsItsBounds(int jobs, int tokens, int expected)
    {
        var queue = new BatchQueue(Limits with { QueueLengthMax = 100 }, 10);
        var shape = Shape(tokens);
        for (var i = 0; i < jobs; i++) Assert.True(queue.TryAdd(Job(shape, 1, 100), []));
        List<JobPart> batch = [];

        Assert.True(queue.TryTake(200, batch, [], out _));

        Assert.Equal(expected, batch.Count);
        Assert.Equal(jobs - expected, queue.Length);
        Assert.Equal((jobs - expected) * (long)tokens, queue.Tokens);
    }

    [Fact]
    public void APartOverTheBound_RunsAlone()
    {
        Add(_long, 5, at: 100);
        Add(_long, 1, at: 100);

        Assert.Equal(1, Take(100).Parts);
    }

    [Fact]
    public void AShapeThatCannotBeBatched_RunsAloneAndAtOnce()
    {
        var alone = new BatchShape(new NoModel(), [[10]], isBatchable: false);
        Add(alone, 1, at: 100);
        Add(alone, 1, at: 100);

        Assert.Equal(1, Take(100).Parts);
        Assert.Equal(1, Take(100).Parts);
    }

    [Fact]
    public void TheQueue_RefusesBeyondItsLength_AndTakesUpToIt()
    {
        for (var i = 0; i < Limits.QueueLengthMax; i++) Assert.True(_queue.TryAdd(Job(_short, 1, 100), []));

        Assert.False(_queue.TryAdd(Job(_short, 1, 100), []));
    }

    [Fact]
    public void TheQueue_RefusesBeyondItsTokens_AndTakesUpToThem()
    {
        Assert.True(_queue.TryAdd(Job(_long, 4, 100), []));
        Assert.True(_queue.TryAdd(Job(_long, 4, 100), []));

        Assert.False(_queue.TryAdd(Job(_short, 1, 100), []));
    }

    [Fact]
    public void ShadowJobs_WaitUntilNothingElseDoes()
    {
        Seen(callers: 3, at: 50);
        Add(_long, 1, at: 100, JobPriority.Shadow);
        Add(_short, 1, at: 150);

        Assert.Equal((0, 160L), Take(155));
        Assert.Equal([_short], TakeShapes(160));
        Assert.Equal([_long], TakeShapes(160));
    }

    [Fact]
    public void ShadowJobs_FillWhatADecidingBatchOfTheirShapeLeavesFree()
    {
        Add(_short, 1, at: 100, JobPriority.Shadow);
        Add(_short, 1, at: 100);

        Assert.Equal(2, Take(110).Parts);
    }

    [Fact]
    public void ShadowJobs_YieldToDecidingOnes_NewestFirst_AndNotToEachOther()
    {
        var jobs = Enumerable.Range(0, 4).Select(_ => Add(_short, 1, at: 100, JobPriority.Shadow)).ToList();
        List<InferenceJob> yielded = [];

        Assert.False(_queue.TryAdd(Job(_short, 1, 100, JobPriority.Shadow), yielded));
        Assert.True(_queue.TryAdd(Job(_short, 1, 100), yielded));

        Assert.Equal([jobs[3]], yielded);
        Assert.Equal(4, _queue.Length);
    }

    [Fact]
    public void AJobPastItsDeadline_TakesNoPlaceInABatch()
    {
        var late = Job(_short, 1, 100, deadline: 105);
        Assert.True(_queue.TryAdd(late, []));
        Add(_short, 1, at: 100);
        List<JobPart> batch = [];
        List<InferenceJob> dropped = [];

        Assert.True(_queue.TryTake(110, batch, dropped, out _));

        Assert.Equal([late], dropped);
        Assert.DoesNotContain(batch, p => p.Job == late);
        Assert.Equal((0, 0L), (_queue.Length, _queue.Tokens));
    }

    [Fact]
    public void ARemovedJob_IsGoneWithAllItsParts()
    {
        var job = new InferenceJob([Part(_short, 1), Part(_long, 1)], JobPriority.Deciding, 100, long.MaxValue);
        Assert.True(_queue.TryAdd(job, []));

        _queue.Remove(job);

        Assert.Equal((0, 0L), (_queue.Length, _queue.Tokens));
        Assert.Equal((0, long.MaxValue), Take(1_000));
    }

    [Fact]
    public void AJobOfSeveralParts_CountsOnceUntilItsLastPartIsTaken()
    {
        var job = new InferenceJob([Part(_short, 1), Part(_long, 1)], JobPriority.Deciding, 100, long.MaxValue);
        Assert.True(_queue.TryAdd(job, []));

        Take(110);
        Assert.Equal(1, _queue.Length);
        Take(110);

        Assert.Equal(0, _queue.Length);
    }

    [Fact]
    public void AHurriedQueue_WaitsForNobody()
    {
        Add(_short, 1, at: 100);
        _queue.IsHurried = true;

        Assert.Equal(1, Take(100).Parts);
    }

    [Fact]
    public void AnyOrderOfCalls_KeepsTheCounts()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        var queue = new BatchQueue(Limits with { QueueLengthMax = 40, QueueTokensMax = 2_000 }, 10);
        BatchShape[] shapes = [Shape(5), Shape(20), Shape(60)];
        var waiting = new HashSet<InferenceJob>();
        for (var step = 0; step < 20_000; step++)
        {
            List<InferenceJob> yielded = [], late = [];
            List<JobPart> batch = [];
            if (random.Next(3) > 0)
            {
                var parts = Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
                    Part(shapes[random.Next(3)], random.Next(1, 5)));
                var job = new InferenceJob([.. parts], (JobPriority)random.Next(2), step, step + random.Next(1, 60));
                if (queue.TryAdd(job, yielded)) waiting.Add(job);
            }
            else if (random.Next(8) == 0 && waiting.Count > 0)
            {
                var gone = waiting.First();
                queue.Remove(gone);
                queue.Ended(gone);
                waiting.Remove(gone);
            }
            else
            {
                queue.TryTake(step, batch, late, out _);
            }

            waiting.ExceptWith(yielded);
            waiting.ExceptWith(late);
            waiting.RemoveWhere(j => j.Parts.All(p => p.Node is null));
            Assert.True(batch.Select(p => p.Shape).Distinct().Count() <= 1, $"seed {seed}, step {step}: mixed shapes");
            Assert.Equal(waiting.Count, queue.Length);
            Assert.Equal(waiting.SelectMany(j =>
                j.Parts).Where(p => p.Node is not null).Sum(p => p.Tokens), queue.Tokens);
        }
    }

    private static BatchShape Shape(int tokens) => new(new NoModel(), [[tokens]], isBatchable: true);

    private static JobPart Part(BatchShape shape, int rows) => new(shape, rows, []);

    private static InferenceJob Job(
        BatchShape shape, int rows, long at, JobPriority priority = JobPriority.Deciding,
            long deadline = long.MaxValue) =>
        new([Part(shape, rows)], priority, at, deadline);

    private InferenceJob Add(BatchShape shape, int rows, long at, JobPriority priority = JobPriority.Deciding)
    {
        var job = Job(shape, rows, at, priority);
        Assert.True(_queue.TryAdd(job, []));
        return job;
    }

    /// <summary>So many callers were under way at once, and have their answers.</summary>
    private void Seen(int callers, long at)
    {
        var jobs = Enumerable.Range(0, callers).Select(_ => Add(_short, 1, at)).ToList();
        Take(at + 10);
        foreach (var job in jobs) _queue.Ended(job);
    }

    private (int Parts, long Due) Take(long now)
    {
        List<JobPart> batch = [];
        _queue.TryTake(now, batch, [], out var due);
        return (batch.Count, due);
    }

    private List<BatchShape> TakeShapes(long now)
    {
        List<JobPart> batch = [];
        _queue.TryTake(now, batch, [], out _);
        return [.. batch.Select(p => p.Shape).Distinct()];
    }

    private sealed class NoModel : IBatchModel
    {
        public void Run(IReadOnlyList<JobPart> parts) => throw new NotSupportedException();
    }
}
