namespace WafOperator.Kubernetes.Events;

/// <summary>
/// Decides what becomes of an event: a new one, a higher count on an old one, or nothing. Many different messages of
/// one reason are combined; an object that talks too much is muted. State is bounded. Not safe for concurrent use.
/// </summary>
internal sealed class EventCorrelator(TimeProvider time)
{
    private const int KnownMax = 4096;
    private const int SimilarMax = 10;
    private const double BurstPerObject = 25;
    private const double RefillSeconds = 300;
    private static readonly TimeSpan SimilarWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CountWindow = TimeSpan.FromHours(1);
    private readonly Dictionary<EventNote, Known> _known = [];
    private readonly Dictionary<EventNote, Similar> _similar = [];
    private readonly Dictionary<string, Budget> _budgets = new(StringComparer.Ordinal);

    /// <summary>What to write, or null when the object used up its budget.</summary>
    public EventWrite? Correlate(EventNote note)
    {
        Trim();
        var now = time.GetTimestamp();
        if (!Spend(note.Subject, now)) return null;
        var combined = Combine(note, now);
        if (_known.TryGetValue(combined, out var known) && time.GetElapsedTime(known.LastAt, now) < CountWindow)
        {
            known.LastAt = now;
            known.Count++;
            return new EventWrite(combined, known.Name, known.Count);
        }

        return new EventWrite(combined, null, 1);
    }

    /// <summary>Remembers the name under which an event was stored.</summary>
    public void Stored(EventWrite write, string name) =>
        _known[write.Note] = new Known { Name = name, Count = write.Count, LastAt = time.GetTimestamp() };

    /// <summary>Forgets a stored event that the server no longer has.</summary>
    public void Expired(EventWrite write) => _known.Remove(write.Note);

    private EventNote Combine(EventNote note, long now)
    {
        var key = note with { Message = "" };
        if (!_similar.TryGetValue(key, out var similar) || time.GetElapsedTime(similar.FirstAt, now) > SimilarWindow)
            _similar[key] = similar = new Similar { FirstAt = now };
        if (similar.Messages.Count < SimilarMax) similar.Messages.Add(note.Message);
        return similar.Messages.Contains(note.Message)
            ? note
            : note with { Message = "(combined from similar events)" };
    }

    private bool Spend(EventSubject subject, long now)
    {
        var key = subject.Uid.Length > 0 ? subject.Uid : subject.ToString();
        if (!_budgets.TryGetValue(key, out var budget))
            _budgets[key] = budget = new Budget { Tokens = BurstPerObject, At = now };
        var refill = time.GetElapsedTime(budget.At, now).TotalSeconds / RefillSeconds;
        budget.Tokens = Math.Min(BurstPerObject, budget.Tokens + refill);
        budget.At = now;
        if (budget.Tokens < 1) return false;
        budget.Tokens--;
        return true;
    }

    /// <summary>Forgetting costs a doubled event at worst, so the simplest bound will do.</summary>
    private void Trim()
    {
        if (_known.Count >= KnownMax) _known.Clear();
        if (_similar.Count >= KnownMax) _similar.Clear();
        if (_budgets.Count >= KnownMax) _budgets.Clear();
    }

    private sealed class Known
    {
        public required string Name { get; init; }

        public int Count { get; set; }

        public long LastAt { get; set; }
    }

    private sealed class Similar
    {
        public long FirstAt { get; init; }

        public HashSet<string> Messages { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Budget
    {
        public double Tokens { get; set; }

        public long At { get; set; }
    }
}
