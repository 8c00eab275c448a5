using WafOperator.Protocols.Distribution;
using WafOperator.Proxy.Judging;

namespace WafOperator.Console.Analysis;

/// <summary>A policy cannot be judged by at present, or at all. The message is for people.</summary>
public sealed class JudgesException(string message, bool isPassing) : Exception(message)
{
    /// <summary>Trying again may help.</summary>
    public bool IsPassing { get; } = isPassing;
}

/// <summary>A judge while it is used; whoever has it gives it back by disposing of it.</summary>
public sealed class JudgeLease : IDisposable
{
    private readonly HeldJudge _held;

    internal JudgeLease(HeldJudge held) => _held = held;

    public RequestJudge Judge => _held.Judge;

    /// <summary>Revision of the policy, as pods report it.</summary>
    public string Revision => _held.Revision;

    public void Dispose() => _held.Release();
}

/// <summary>A judge that ends when nobody has it any more. Thread-safe.</summary>
internal sealed class HeldJudge(RequestJudge judge, string revision)
{
    private int _users = 1;

    public RequestJudge Judge => judge;

    public string Revision => revision;

    public JudgeLease Lend()
    {
        Interlocked.Increment(ref _users);
        return new JudgeLease(this);
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0) _ = Task.Run(async () => await judge.DisposeAsync());
    }
}

/// <summary>
/// Compiled policies, few of them: that which was not used for longest makes room. A policy is asked for again when it
/// is used and was not asked for in a while; when it cannot be had then, that which is here stays. Thread-safe.
/// </summary>
public sealed class Judges(IPolicySource source, JudgeOptions options, int policiesMax, TimeProvider time)
    : IAsyncDisposable
{
    /// <summary>A judge is no older than this behind its policy.</summary>
    public static readonly TimeSpan AskedEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<PolicyName, Seat> _seats = [];
    private readonly Lock _lock = new();

    /// <summary>The judge of a policy; null when there is no such policy.</summary>
    /// <exception cref="JudgesException">There is none at present, or the policy cannot be used.</exception>
    public async Task<JudgeLease?> RentAsync(PolicyName policy, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seat = SeatOf(policy);
            await seat.Turn.WaitAsync(cancellationToken);
            try
            {
                if (seat.IsGone) continue;
                await RefreshAsync(seat, policy, cancellationToken);
                if (seat.Held is { } held) return held.Lend();
                Leave(seat, policy);
                return null;
            }
            catch (JudgesException)
            {
                Leave(seat, policy);
                throw;
            }
            finally
            {
                seat.Turn.Release();
                await MakeRoomAsync(policy);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Seat> seats;
        lock (_lock)
        {
            seats = [.. _seats.Values];
            _seats.Clear();
        }

        foreach (var seat in seats) await ClearAsync(seat);
    }

    private Seat SeatOf(PolicyName policy)
    {
        lock (_lock)
        {
            if (!_seats.TryGetValue(policy, out var seat)) _seats[policy] = seat = new Seat();
            seat.Used = time.GetTimestamp();
            return seat;
        }
    }

    private async Task RefreshAsync(Seat seat, PolicyName policy, CancellationToken cancellationToken)
    {
        if (seat.Held is not null && time.GetElapsedTime(seat.Asked) < AskedEvery) return;
        var found = await source.FindAsync(policy, seat.Held?.Revision, cancellationToken);
        switch (found.Kind)
        {
            case DocumentAnswerKind.Changed:
                seat.Replace(await StartAsync(found, cancellationToken));
                break;
            case DocumentAnswerKind.Missing:
                seat.Replace(null);
                break;
            case DocumentAnswerKind.Failed when seat.Held is null:
                throw new JudgesException(found.Problem ?? "the policy cannot be had at present", isPassing: true);
        }

        seat.Asked = time.GetTimestamp();
    }

    private async Task<HeldJudge> StartAsync(PolicyFinding found, CancellationToken cancellationToken)
    {
        try
        {
            return new HeldJudge(
                await RequestJudge.StartAsync(found.Document!, options, cancellationToken), found.Revision ?? "");
        }
        catch (JudgingException refusal)
        {
            throw new JudgesException(refusal.Message, isPassing: false);
        }
    }

    private void Leave(Seat seat, PolicyName policy)
    {
        lock (_lock)
        {
            if (_seats.TryGetValue(policy, out var current) && ReferenceEquals(current, seat)) _seats.Remove(policy);
        }

        seat.Replace(null);
        seat.IsGone = true;
    }

    private async Task MakeRoomAsync(PolicyName used)
    {
        while (true)
        {
            Seat? oldest = null;
            lock (_lock)
            {
                if (_seats.Count <= policiesMax) return;
                var (name, seat) = _seats.Where(s => s.Key != used).MinBy(s => s.Value.Used);
                _seats.Remove(name);
                oldest = seat;
            }

            await ClearAsync(oldest);
        }
    }

    private static async Task ClearAsync(Seat seat)
    {
        await seat.Turn.WaitAsync();
        seat.Replace(null);
        seat.IsGone = true;
        seat.Turn.Release();
    }

    /// <summary>One policy's place; whoever has the turn changes it.</summary>
    private sealed class Seat
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public HeldJudge? Held { get; private set; }

        public long Asked { get; set; }

        public long Used { get; set; }

        public bool IsGone { get; set; }

        public void Replace(HeldJudge? next)
        {
            var before = Held;
            Held = next;
            before?.Release();
        }
    }
}
