using WafOperator.Behaviour.Holds;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sharing;

/// <summary>
/// The connection of this replica to the others: made when a policy names a Redis, kept while policies name the same
/// one, and what runs beside the traffic for it. Thread-safe.
/// </summary>
internal sealed class Replicas(TimeProvider time) : IDisposable
{
    /// <summary>How long what was given by a replica alone, and what responses cost, waits to be told.</summary>
    private static readonly TimeSpan PayEvery = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan HoldsEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private volatile ReplicaSharing _current = ReplicaSharing.None;
    private volatile SharedHolds? _holds;

    /// <summary>Completed while the policy in force has a connection.</summary>
    private TaskCompletionSource _connected = NotYet();

    /// <summary>How many there are, as the operator says.</summary>
    public ReplicaCount Count { get; } = new();

    /// <summary>How the policy in force counts.</summary>
    public ReplicaSharing Current => _current;

    /// <summary>How a policy would count: with the connection there is, or with one of its own.</summary>
    public ReplicaSharing Prepare(PolicyDocument document)
    {
        var policy = document.Sharing;
        var scope = $"{document.Namespace}/{document.Name}";
        var counting = policy?.Redis is not { } redis ? null
            : _current.Counting is { } kept && kept.Link.Policy.Equals(redis) && kept.Scope == scope ? kept
            : new SharedCounting(redis, scope, time);
        return new ReplicaSharing(policy?.Limits ?? LimitSharing.PerReplica, Count, counting);
    }

    /// <summary>The policy is used: what the one before had and this one has not ends.</summary>
    public void Adopt(ReplicaSharing next)
    {
        lock (_lock)
        {
            var before = _current.Counting;
            _current = next;
            if (before == next.Counting) return;
            if (next.Counting is not null) _connected.TrySetResult();
            else _connected = NotYet();
            _holds = next.Counting is { } counting ? new SharedHolds(counting, time) : null;
            // Requests under the policy before find the connection ended, and decide by themselves.
            before?.Dispose();
        }
    }

    /// <summary>The policy was refused.</summary>
    public void Discard(ReplicaSharing prepared)
    {
        if (prepared.Counting != _current.Counting) prepared.Counting?.Dispose();
    }

    /// <summary>
    /// Tells Redis what it is owed, and exchanges held clients, until cancelled. Without a connection nothing ticks:
    /// each tick wakes a thread, and the threads that serve requests pay for it.
    /// </summary>
    /// <param name="holds">The table of the policy in force with its clock, or null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<(HoldTable Table, long Now)?> holds, CancellationToken cancellationToken)
    {
        var exchangedAt = time.GetTimestamp();
        while (true)
        {
            await Connected().WaitAsync(cancellationToken);
            using var timer = new PeriodicTimer(PayEvery, time);
            while (await timer.WaitForNextTickAsync(cancellationToken) && _current.Counting is { } counting)
            {
                await counting.Debts.PayAsync();
                if (time.GetElapsedTime(exchangedAt) < HoldsEvery) continue;
                exchangedAt = time.GetTimestamp();
                if (_holds is { } shared && holds() is var (table, now)) await shared.ExchangeAsync(table, now);
            }
        }
    }

    private Task Connected()
    {
        lock (_lock) return _connected.Task;
    }

    private static TaskCompletionSource NotYet() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _current.Counting?.Dispose();
}
