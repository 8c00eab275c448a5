using System.Globalization;
using Microsoft.Extensions.Logging;
using WafOperator.Models.Server.Telemetry;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Batching;

/// <summary>
/// The device workers: threads that take batches off the queue at their own pace and run them. Enqueueing never
/// waits. Thread-safe.
/// </summary>
internal sealed partial class BatchLoop : IDisposable
{
    private readonly object _gate = new();
    private readonly BatchQueue _queue;
    private readonly BatchLimits _limits;
    private readonly ServerMeters _meters;
    private readonly TimeProvider _time;
    private readonly ILogger<BatchLoop> _logger;
    private readonly Thread[] _workers;
    private bool _isClosed;
    private int _sleepers;

    /// <summary>
    /// When the next sleeping worker looks up by itself: nobody is woken for what can wait until then.
    /// </summary>
    private long _wakesAt = long.MaxValue;

    public BatchLoop(BatchLimits limits, int workers, ServerMeters meters, TimeProvider time, ILogger<BatchLoop> logger)
    {
        (_limits, _meters, _time, _logger) = (limits, meters, time, logger);
        _queue = new BatchQueue(limits, (long)(limits.QueueDelayMax.TotalSeconds * time.TimestampFrequency));
        _workers = [.. Enumerable.Range(0, workers)
            .Select(n => new Thread(Work) { IsBackground = true, Name = $"device-{n}" })];
        foreach (var worker in _workers) worker.Start();
    }

    /// <summary>Requests and tokens that wait.</summary>
    public (int Length, long Tokens) Waiting
    {
        get
        {
            lock (_gate) return (_queue.Length, _queue.Tokens);
        }
    }

    /// <summary>
    /// Takes a job in, or ends it at once. Its outcome is in <see cref="InferenceJob.Done"/> either way.
    /// </summary>
    public void Enqueue(InferenceJob job)
    {
        if (job.Tokens > _limits.RequestTokensMax)
        {
            job.Fail(InferenceErrorCode.TooLarge, string.Create(CultureInfo.InvariantCulture,
                $"the request has {job.Tokens} padded tokens; at most {_limits.RequestTokensMax} are allowed"));
            return;
        }

        List<InferenceJob> yielded = [];
        lock (_gate)
        {
            if (_isClosed) job.Fail(InferenceErrorCode.Draining, "the server is shutting down");
            else if (_queue.TryAdd(job, yielded)) WakeFor(job);
            else job.Fail(InferenceErrorCode.QueueFull, $"{_queue.Length} requests are waiting");
        }

        foreach (var gone in yielded)
        {
            _meters.Dropped(DropReason.Yielded);
            gone.Fail(InferenceErrorCode.QueueFull, "a request that decides needed the place");
        }
    }

    /// <summary>The caller has gone: what is left of the job does not run.</summary>
    public void Cancel(InferenceJob job)
    {
        lock (_gate)
        {
            _queue.Remove(job);
            _queue.Ended(job);
        }

        if (job.Fail(InferenceErrorCode.DeadlineExceeded, "the caller has gone")) _meters.Dropped(DropReason.Cancelled);
    }

    /// <summary>Takes no more jobs, runs what waits, and ends the workers.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = _queue.IsHurried = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var worker in _workers) worker.Join();
    }

    private void WakeFor(InferenceJob job)
    {
        if (_sleepers > 0 && _queue.DueAt(job) < _wakesAt) Monitor.Pulse(_gate);
    }

    private void Work()
    {
        var batch = new List<JobPart>();
        var late = new List<InferenceJob>();
        while (true)
        {
            var hasBatch = Next(batch, late);
            foreach (var job in late)
            {
                _meters.Dropped(DropReason.Deadline);
                job.Fail(InferenceErrorCode.DeadlineExceeded, "the deadline passed while the request waited");
            }

            if (batch.Count > 0) Run(batch);
            if (!hasBatch && late.Count == 0) return;
            batch.Clear();
            late.Clear();
        }
    }

    /// <summary>Waits for a batch or for jobs that are too late; false at the end.</summary>
    private bool Next(List<JobPart> batch, List<InferenceJob> late)
    {
        lock (_gate)
        {
            while (true)
            {
                var now = _time.GetTimestamp();
                if (_queue.TryTake(now, batch, late, out var due) || late.Count > 0)
                {
                    // What is left may be due before this worker is back.
                    if (_queue.Length > 0 && _sleepers > 0) Monitor.Pulse(_gate);
                    return true;
                }

                if (_isClosed && _queue.Length == 0) return false;
                Sleep(due, now);
            }
        }
    }

    private void Sleep(long due, long now)
    {
        _sleepers++;
        _wakesAt = Math.Min(_wakesAt, due);
        if (due == long.MaxValue) Monitor.Wait(_gate);
        else Monitor.Wait(_gate, Milliseconds(due - now));
        _sleepers--;
        // Others may sleep for longer: the next job wakes one of them once too often rather than not at all.
        _wakesAt = long.MaxValue;
    }

    /// <summary>Rounded up: a wait that ends early would only ask again.</summary>
    private int Milliseconds(long ticks) =>
        (int)Math.Clamp(Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency), 1, 60_000);

    private void Run(List<JobPart> batch)
    {
        var started = _time.GetTimestamp();
        foreach (var part in batch)
        {
            if (part.Job.TakenAt != 0) continue;
            part.Job.TakenAt = started;
            _meters.Queued(_time.GetElapsedTime(part.Job.EnqueuedAt, started));
        }

        Count(batch);
        if (TryRun(batch) is not { } failure)
        {
            Finish(batch, started);
        }
        else if (batch.Count == 1)
        {
            Fail(batch[0].Job, failure);
        }
        else
        {
            RunEach(batch, started);
        }
    }

    private void Count(List<JobPart> batch)
    {
        var (rows, tokens) = (0, 0L);
        foreach (var part in batch) (rows, tokens) = (rows + part.Rows, tokens + part.Tokens);
        _meters.Batch(rows, tokens);
    }

    /// <summary>One bad input must not fail its neighbours.</summary>
    private void RunEach(List<JobPart> batch, long started)
    {
        foreach (var part in batch)
        {
            if (part.Job.HasEnded) continue;
            List<JobPart> alone = [part];
            if (TryRun(alone) is { } failure) Fail(part.Job, failure);
            else Finish(alone, started);
        }
    }

    private void Fail(InferenceJob job, string failure)
    {
        LogFailed(_logger, failure);
        lock (_gate)
        {
            _queue.Remove(job);
            _queue.Ended(job);
        }

        job.Fail(InferenceErrorCode.ModelFailed, "the model failed on this input");
    }

    private void Finish(List<JobPart> batch, long started)
    {
        var ticks = _time.GetTimestamp() - started;
        _meters.Computed(_time.GetElapsedTime(0, ticks));
        var ended = new List<InferenceJob>(batch.Count);
        foreach (var part in batch)
        {
            if (part.Job.PartDone(ticks)) ended.Add(part.Job);
        }

        lock (_gate)
        {
            foreach (var job in ended) _queue.Ended(job);
        }

        Announcement.Queue(ended);
    }

    private static string? TryRun(List<JobPart> parts)
    {
        try
        {
            parts[0].Shape.Model.Run(parts);
            return null;
        }
        catch (OrtException failure)
        {
            return failure.Message;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // A worker that ends would take its share of the device with it.
            return $"{failure.GetType().Name}: {failure.Message}";
        }
    }

    [LoggerMessage(700, LogLevel.Warning, "a batch failed: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);
}
