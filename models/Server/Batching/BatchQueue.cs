namespace WafOperator.Models.Server.Batching;

/// <summary>
/// What waits, and which of it runs next: a decision over its content and the time it is given, without clock, thread
/// or lock. Parts of one shape stand in a lane. A lane is ready when its head has waited long enough, when it fills a
/// batch, or when no more company is likely; among ready lanes the one with the oldest head runs. Shadow lanes only run
/// while no deciding request waits; their parts fill what a deciding batch of their shape leaves free. Not thread-safe.
/// </summary>
/// <param name="limits">Bounds.</param>
/// <param name="delayTicks"><see cref="BatchLimits.QueueDelayMax"/> in ticks of the caller's clock.</param>
internal sealed class BatchQueue(BatchLimits limits, long delayTicks)
{
    /// <summary>Delays for which the number of callers is remembered: bursts come again within some of them.</summary>
    private const int RememberedDelays = 50;

    private readonly CallersSeen _callers = new(delayTicks * RememberedDelays);
    private readonly Dictionary<BatchShape, Lane>[] _lanes = [new(), new()];
    private readonly LinkedList<InferenceJob> _shadow = [];

    /// <summary>Jobs with a part that waits.</summary>
    public int Length { get; private set; }

    /// <summary>Padded tokens that wait.</summary>
    public long Tokens { get; private set; }

    /// <summary>Nothing waits for company any more: the queue is to become empty.</summary>
    public bool IsHurried { get; set; }

    private int DecidingLength => Length - _shadow.Count;

    /// <summary>
    /// Takes a job in. False when there is no room, even after <paramref name="yielded"/> shadow jobs were taken out
    /// for it.
    /// </summary>
    public bool TryAdd(InferenceJob job, List<InferenceJob> yielded)
    {
        while (!HasRoom(job))
        {
            if (job.Priority is JobPriority.Shadow || _shadow.Last is not { } newest) return false;
            Remove(newest.Value);
            Ended(newest.Value);
            yielded.Add(newest.Value);
        }

        foreach (var part in job.Parts)
        {
            var lanes = _lanes[(int)job.Priority];
            if (!lanes.TryGetValue(part.Shape, out var lane)) lanes[part.Shape] = lane = new Lane();
            part.Node = lane.Parts.AddLast(part);
            lane.Tokens += part.Tokens;
            lane.Rows += part.Rows;
        }

        job.IsUnderWay = true;
        _callers.Came(job.EnqueuedAt);
        Length++;
        Tokens += job.Tokens;
        if (job.Priority is JobPriority.Shadow) _shadow.AddLast(job);
        return true;
    }

    /// <summary>Takes what is left of a job out: its caller has gone, or it failed.</summary>
    public void Remove(InferenceJob job)
    {
        foreach (var part in job.Parts)
        {
            if (part.Node is not null) Take(part);
        }
    }

    /// <summary>
    /// A job that was taken in has ended, however; its caller is not one of those under way any more.
    /// </summary>
    public void Ended(InferenceJob job)
    {
        if (!job.IsUnderWay) return;
        job.IsUnderWay = false;
        _callers.Went();
    }

    /// <summary>When a job that was just added makes a batch due, as far as it does.</summary>
    public long DueAt(InferenceJob job)
    {
        if (IsHurried || !_callers.IsAnotherLikely(job.EnqueuedAt)) return job.EnqueuedAt;
        foreach (var part in job.Parts)
        {
            if (IsFull(part.Shape, _lanes[(int)job.Priority][part.Shape])) return job.EnqueuedAt;
        }

        return job.EnqueuedAt + delayTicks;
    }

    /// <summary>The next batch, if one is due.</summary>
    /// <param name="now">Time.</param>
    /// <param name="batch">Filled with parts of one shape.</param>
    /// <param name="late">Filled with jobs whose deadline has passed; they are out of the queue.</param>
    /// <param name="due">When to ask again, if nothing is added before; <see cref="long.MaxValue"/>: never.</param>
    public bool TryTake(long now, List<JobPart> batch, List<InferenceJob> late, out long due)
    {
        due = long.MaxValue;
        for (var priority = JobPriority.Deciding; priority <= JobPriority.Shadow; priority++)
        {
            if (priority is JobPriority.Shadow && DecidingLength > 0) break;
            if (Ready(_lanes[(int)priority], now, late, ref due) is not { } shape) continue;
            var room = new Room(limits);
            Fill(_lanes[(int)priority], shape, now, batch, late, ref room);
            if (priority is JobPriority.Deciding && shape.IsBatchable)
                Fill(_lanes[(int)JobPriority.Shadow], shape, now, batch, late, ref room);
            if (batch.Count > 0) return true;
        }

        return false;
    }

    private bool HasRoom(InferenceJob job) =>
        Length < limits.QueueLengthMax && (Length == 0 || Tokens + job.Tokens <= limits.QueueTokensMax);

    private BatchShape? Ready(
        Dictionary<BatchShape, Lane> lanes, long now, List<InferenceJob> late, ref long due)
    {
        (BatchShape? best, long oldest) = (null, long.MaxValue);
        var waits = !IsHurried && _callers.IsAnotherLikely(now);
        foreach (var (shape, lane) in lanes)
        {
            DropLate(lane, now, late);
            if (lane.Parts.First is not { } head)
            {
                // Removing the present entry while enumerating is allowed; lanes come and go with shapes.
                lanes.Remove(shape);
                continue;
            }

            var since = head.Value.Job.EnqueuedAt;
            if (waits && !IsFull(shape, lane) && since + delayTicks > now) due = Math.Min(due, since + delayTicks);
            else if (since < oldest) (best, oldest) = (shape, since);
        }

        return best;
    }

    private bool IsFull(BatchShape shape, Lane lane) =>
        !shape.IsBatchable || lane.Tokens >= limits.BatchTokensMax || lane.Rows >= limits.BatchRowsMax;

    private void Fill(
        Dictionary<BatchShape, Lane> lanes, BatchShape shape, long now, List<JobPart> batch, List<InferenceJob> late,
        ref Room room)
    {
        if (!lanes.TryGetValue(shape, out var lane)) return;
        while (true)
        {
            DropLate(lane, now, late);
            if (lane.Parts.First is not { } head || !room.TryUse(head.Value)) return;
            Take(head.Value);
            batch.Add(head.Value);
            if (!shape.IsBatchable) return;
        }
    }

    private void DropLate(Lane lane, long now, List<InferenceJob> late)
    {
        while (lane.Parts.First is { } head && head.Value.Job.Deadline < now)
        {
            late.Add(head.Value.Job);
            Ended(head.Value.Job);
            Remove(head.Value.Job);
        }
    }

    private void Take(JobPart part)
    {
        var job = part.Job;
        var lane = _lanes[(int)job.Priority][part.Shape];
        lane.Parts.Remove(part.Node!);
        part.Node = null;
        lane.Tokens -= part.Tokens;
        lane.Rows -= part.Rows;
        Tokens -= part.Tokens;
        if (job.Parts.Any(p => p.Node is not null)) return;
        Length--;
        if (job.Priority is JobPriority.Shadow) _shadow.Remove(job);
    }

    private sealed class Lane
    {
        public LinkedList<JobPart> Parts { get; } = [];

        public long Tokens { get; set; }

        public int Rows { get; set; }
    }

    /// <summary>What a batch still holds. Its first part always fits.</summary>
    private struct Room(BatchLimits limits)
    {
        private long _tokens = limits.BatchTokensMax;
        private int _rows = limits.BatchRowsMax;
        private bool _isUsed;

        public bool TryUse(JobPart part)
        {
            if (_isUsed && (part.Tokens > _tokens || part.Rows > _rows)) return false;
            (_tokens, _rows, _isUsed) = (_tokens - part.Tokens, _rows - part.Rows, true);
            return true;
        }
    }
}
