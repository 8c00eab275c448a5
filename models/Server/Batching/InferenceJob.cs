using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Batching;

/// <summary>Which requests go first.</summary>
internal enum JobPriority
{
    /// <summary>Decides over a request that waits for it.</summary>
    Deciding,

    /// <summary>Is only compared: runs when nothing else waits, and is given up first.</summary>
    Shadow,
}

/// <summary>An output of a part: its rows of the batch's output.</summary>
internal sealed record PartOutput(string Name, OrtElementType ElementType, IReadOnlyList<long> Shape, byte[] Data);

/// <summary>Rows of one shape of a job.</summary>
internal sealed class JobPart(BatchShape shape, int rows, IReadOnlyList<ReadOnlyMemory<byte>> inputs)
{
    public BatchShape Shape { get; } = shape;

    public int Rows { get; } = rows;

    /// <summary>The elements of each input, in the order of the model's inputs.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Inputs { get; } = inputs;

    public long Tokens => Rows * Shape.RowTokens;

    /// <summary>The job that this belongs to.</summary>
    public InferenceJob Job { get; internal set; } = null!;

    /// <summary>Set when the model has run.</summary>
    public IReadOnlyList<PartOutput> Outputs { get; set; } = [];

    /// <summary>Place in the queue; the queue's own.</summary>
    public LinkedListNode<JobPart>? Node { get; set; }
}

/// <summary>How a job ended.</summary>
/// <param name="Error">Null when all parts have outputs.</param>
/// <param name="Message">For people.</param>
internal readonly record struct JobOutcome(InferenceErrorCode? Error, string? Message);

/// <summary>
/// One request's work: parts that may run in different batches. Ends exactly once: with all outputs, or with the
/// first failure. Whoever waits goes on where <see cref="Announce"/> is called. Thread-safe.
/// </summary>
internal sealed class InferenceJob : IThreadPoolWorkItem
{
    private readonly TaskCompletionSource<JobOutcome> _done = new();
    private JobOutcome _outcome;
    private int _hasEnded;
    private int _partsLeft;
    private long _computedTicks;

    /// <param name="parts">At least one.</param>
    /// <param name="priority">Which go first.</param>
    /// <param name="enqueuedAt">Timestamp of the clock.</param>
    /// <param name="deadline">Timestamp after which nobody waits any more; <see cref="long.MaxValue"/>: none.</param>
    public InferenceJob(IReadOnlyList<JobPart> parts, JobPriority priority, long enqueuedAt, long deadline)
    {
        (Parts, Priority, EnqueuedAt, Deadline) = (parts, priority, enqueuedAt, deadline);
        _partsLeft = parts.Count;
        foreach (var part in parts)
        {
            part.Job = this;
            Tokens += part.Tokens;
        }
    }

    public IReadOnlyList<JobPart> Parts { get; }

    public JobPriority Priority { get; }

    public long EnqueuedAt { get; }

    public long Deadline { get; }

    public long Tokens { get; }

    /// <summary>Timestamp of the first part's batch; 0 before.</summary>
    public long TakenAt { get; set; }

    /// <summary>Taken in by the queue and not ended; the queue's own.</summary>
    public bool IsUnderWay { get; set; }

    /// <summary>Clock ticks in the model, over all parts.</summary>
    public long ComputedTicks => Interlocked.Read(ref _computedTicks);

    /// <summary>Completes when the job has ended.</summary>
    public Task<JobOutcome> Done => _done.Task;

    public bool HasEnded => Volatile.Read(ref _hasEnded) != 0;

    /// <summary>A part has its outputs. True when that ended the job, which the caller then announces.</summary>
    public bool PartDone(long ticks)
    {
        Interlocked.Add(ref _computedTicks, ticks);
        return Interlocked.Decrement(ref _partsLeft) == 0 && TryEnd(default);
    }

    /// <summary>Ends the job without outputs and announces it. False when it had ended.</summary>
    public bool Fail(InferenceErrorCode code, string message)
    {
        if (!TryEnd(new JobOutcome(code, message))) return false;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    /// <summary>Lets whoever waits go on, here and now.</summary>
    public void Announce() => _done.SetResult(_outcome);

    void IThreadPoolWorkItem.Execute() => Announce();

    private bool TryEnd(JobOutcome outcome)
    {
        if (Interlocked.CompareExchange(ref _hasEnded, 1, 0) != 0) return false;
        _outcome = outcome;
        return true;
    }
}

/// <summary>
/// Jobs that ended together, announced one after the other by one thread: their answers are small, and a hand-over to
/// the pool for each costs more than writing it.
/// </summary>
internal sealed class Announcement(InferenceJob[] jobs) : IThreadPoolWorkItem
{
    /// <summary>So few that the last answer does not wait noticeably, and that several cores get some.</summary>
    private const int JobsMax = 16;

    /// <summary>Queues jobs that have ended.</summary>
    public static void Queue(List<InferenceJob> ended)
    {
        for (var at = 0; at < ended.Count; at += JobsMax)
        {
            var jobs = ended.GetRange(at, Math.Min(JobsMax, ended.Count - at)).ToArray();
            ThreadPool.UnsafeQueueUserWorkItem(new Announcement(jobs), preferLocal: false);
        }
    }

    public void Execute()
    {
        foreach (var job in jobs) job.Announce();
    }
}
