using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Telemetry;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Tests.Batching;

/// <summary>The device workers, with a model that the test steers.</summary>
public sealed class BatchLoopTests
{
    private readonly ServerMeters _meters = new(TimeProvider.System);

    [Fact]
    public async Task JobsThatComeTogether_RunTogether()
    {
        var model = new SteeredModel { Gate = new ManualResetEventSlim() };
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.Zero });
        var shape = new BatchShape(model, [[4]], isBatchable: true);
        var first = Enqueue(loop, shape);
        model.Started.Wait();
        var rest = Enumerable.Range(0, 20).Select(_ => Enqueue(loop, shape)).ToList();
        model.Gate.Set();

        foreach (var job in rest.Append(first)) Assert.Null((await job.Done).Error);

        Assert.Equal([1, 20], model.Batches);
    }

    [Fact]
    public async Task ALoneJob_DoesNotWaitForTheWindow()
    {
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.FromSeconds(60) });
        var shape = new BatchShape(new SteeredModel(), [[4]], isBatchable: true);

        for (var i = 0; i < 3; i++)
            Assert.Null((await Enqueue(loop, shape).Done.WaitAsync(TimeSpan.FromSeconds(30))).Error);
    }

    [Fact]
    public async Task TheLastOfThoseThatWereSeen_WakesTheWorkerForAll()
    {
        var model = new SteeredModel { Gate = new ManualResetEventSlim() };
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.FromSeconds(60) });
        var shape = new BatchShape(model, [[4]], isBatchable: true);
        var first = Enqueue(loop, shape);
        model.Started.Wait();
        var second = Enqueue(loop, shape);
        model.Gate.Set();
        Assert.Null((await first.Done).Error);
        // One of two is left, and waits for the other to come again.
        await Task.Delay(200);
        Assert.False(second.HasEnded);

        var again = Enqueue(loop, shape);

        Assert.Null((await again.Done.WaitAsync(TimeSpan.FromSeconds(30))).Error);
        Assert.Null((await second.Done).Error);
        Assert.Equal([1, 2], model.Batches);
    }

    [Fact]
    public async Task JobsThatEndTogether_AreAllAnnounced()
    {
        var model = new SteeredModel { Gate = new ManualResetEventSlim() };
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.Zero });
        var shape = new BatchShape(model, [[4]], isBatchable: true);
        var first = Enqueue(loop, shape);
        model.Started.Wait();
        var rest = Enumerable.Range(0, 100).Select(_ => Enqueue(loop, shape)).ToList();
        model.Gate.Set();

        await Task.WhenAll(rest.Append(first).Select(j => j.Done)).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([1, 100], model.Batches);
    }

    [Fact]
    public async Task AModelThatFailsOnOneInput_AnswersItsNeighbours()
    {
        var model = new SteeredModel { Gate = new ManualResetEventSlim(), FailsOnRows = 3 };
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.Zero });
        var shape = new BatchShape(model, [[4]], isBatchable: true);
        var first = Enqueue(loop, shape);
        model.Started.Wait();
        var good = Enqueue(loop, shape);
        var bad = Enqueue(loop, shape, rows: 3);
        var alsoGood = Enqueue(loop, shape);
        model.Gate.Set();

        Assert.Null((await first.Done).Error);
        Assert.Null((await good.Done).Error);
        Assert.Null((await alsoGood.Done).Error);
        Assert.Equal(InferenceErrorCode.ModelFailed, (await bad.Done).Error);
    }

    [Fact]
    public async Task ACancelledJob_DoesNotRun()
    {
        var model = new SteeredModel { Gate = new ManualResetEventSlim() };
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.Zero });
        var shape = new BatchShape(model, [[4]], isBatchable: true);
        Enqueue(loop, shape);
        model.Started.Wait();
        var gone = Enqueue(loop, shape);
        loop.Cancel(gone);
        var stays = Enqueue(loop, shape);
        model.Gate.Set();

        Assert.Null((await stays.Done).Error);
        Assert.Equal(InferenceErrorCode.DeadlineExceeded, (await gone.Done).Error);
        Assert.Equal([1, 1], model.Batches);
    }

    [Fact]
    public async Task AJobThatWaitsPastItsDeadline_EndsWithIt()
    {
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.FromMilliseconds(50) });
        var now = TimeProvider.System.GetTimestamp();
        var shape = new BatchShape(new SteeredModel(), [[4]], isBatchable: true);
        var job = new InferenceJob([new JobPart(shape, 1, [])], JobPriority.Deciding, now, now + 1);

        loop.Enqueue(job);

        Assert.Equal(InferenceErrorCode.DeadlineExceeded, (await job.Done).Error);
    }

    [Fact]
    public async Task ARequestOverTheTokenBound_IsRefused_AndOneAtItIsNot()
    {
        using var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.Zero, RequestTokensMax = 40 });
        var shape = new BatchShape(new SteeredModel(), [[4]], isBatchable: true);

        Assert.Null((await Enqueue(loop, shape, rows: 10).Done).Error);
        Assert.Equal(InferenceErrorCode.TooLarge, (await Enqueue(loop, shape, rows: 11).Done).Error);
    }

    [Fact]
    public async Task Closing_RunsWhatWaits_AndRefusesWhatComes()
    {
        var loop = Loop(new BatchLimits { QueueDelayMax = TimeSpan.FromSeconds(1) });
        var shape = new BatchShape(new SteeredModel(), [[4]], isBatchable: true);
        var waiting = Enumerable.Range(0, 10).Select(_ => Enqueue(loop, shape)).ToList();

        loop.Dispose();

        foreach (var job in waiting) Assert.Null((await job.Done).Error);
        Assert.Equal(InferenceErrorCode.Draining, (await Enqueue(loop, shape).Done).Error);
    }

    private BatchLoop Loop(BatchLimits limits) =>
        new(limits, 1, _meters, TimeProvider.System, NullLogger<BatchLoop>.Instance);

    private static InferenceJob Enqueue(BatchLoop loop, BatchShape shape, int rows = 1)
    {
        var job = new InferenceJob(
            [new JobPart(shape, rows, [])], JobPriority.Deciding, TimeProvider.System.GetTimestamp(), long.MaxValue);
        loop.Enqueue(job);
        return job;
    }

    private sealed class SteeredModel : IBatchModel
    {
        public ManualResetEventSlim? Gate { get; init; }

        public ManualResetEventSlim Started { get; } = new();

        public int FailsOnRows { get; init; } = -1;

        public List<int> Batches { get; } = [];

        public void Run(IReadOnlyList<JobPart> parts)
        {
            Started.Set();
            Gate?.Wait();
            lock (Batches) Batches.Add(parts.Count);
            if (parts.Any(p => p.Rows == FailsOnRows)) throw new OrtException("this input cannot be run");
        }
    }
}
