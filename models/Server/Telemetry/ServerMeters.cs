using WafOperator.Protocols.Inference;
using WafOperator.Telemetry;

namespace WafOperator.Models.Server.Telemetry;

/// <summary>Why work was given up before the model ran.</summary>
internal enum DropReason { Cancelled, Deadline, Yielded }

/// <summary>What the server counts (crds/Protocols/Inference/README.md). Thread-safe.</summary>
internal sealed class ServerMeters
{
    private readonly QueueDelayWindow _window;
    private readonly long[] _outcomes = new long[Enum.GetValues<InferenceErrorCode>().Length + 1];
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];

    public ServerMeters(TimeProvider time)
    {
        _window = new QueueDelayWindow(time);
        Metrics.QueueDelay.From(() => QueueDelayP95.TotalSeconds);
        Metrics.Requests.From(Outcomes);
        Metrics.Drops.From(Drops);
    }

    /// <summary>What is exported; gauges are read where their state is.</summary>
    public ServerMetrics Metrics { get; } = new();

    /// <summary>What autoscaling aims at.</summary>
    public TimeSpan QueueDelayP95 => _window.P95();

    /// <summary>Answered requests of any kind.</summary>
    public long Requests => _outcomes.Sum();

    public void Read(TimeSpan time) => Metrics.Read.Observe(time.TotalSeconds);

    public void Prepared(TimeSpan time) => Metrics.Prepare.Observe(time.TotalSeconds);

    public void Queued(TimeSpan time)
    {
        Metrics.Queue.Observe(time.TotalSeconds);
        _window.Record(time);
    }

    public void Computed(TimeSpan time) => Metrics.Compute.Observe(time.TotalSeconds);

    public void Wrote(TimeSpan time) => Metrics.Write.Observe(time.TotalSeconds);

    public void Batch(int rows, long tokens)
    {
        Metrics.Rows.Observe(rows);
        Metrics.Tokens.Observe(tokens);
    }

    /// <summary>A request was answered; null: with a success.</summary>
    public void Answered(InferenceErrorCode? error) =>
        Interlocked.Increment(ref _outcomes[error is { } code ? (int)code + 1 : 0]);

    public void Dropped(DropReason reason) => Interlocked.Increment(ref _dropped[(int)reason]);

    private IEnumerable<Sample> Outcomes()
    {
        for (var i = 0; i < _outcomes.Length; i++)
        {
            var name = i == 0 ? "ok" : ((InferenceErrorCode)(i - 1)).ToString();
            if (i == 0 || Interlocked.Read(ref _outcomes[i]) > 0)
                yield return new Sample(Interlocked.Read(ref _outcomes[i]), name);
        }
    }

    private IEnumerable<Sample> Drops() => _dropped.Select((count, reason) =>
        new Sample(count, ((DropReason)reason).ToString().ToLowerInvariant()));
}
