using WafOperator.Console.Store;

namespace WafOperator.Console.Alerts;

/// <summary>Something that people are told.</summary>
/// <param name="Key">The same for one alert from its beginning to its end.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Labels">What the group is.</param>
/// <param name="Value">The metric's value.</param>
/// <param name="Events">Events since it began.</param>
/// <param name="Since">When it began.</param>
/// <param name="IsOver">It has ended.</param>
/// <param name="Sample">Id of the last event.</param>
public sealed record Alert(
    string Key, AlertRule Rule, IReadOnlyDictionary<string, string> Labels, double Value, long Events,
        DateTimeOffset Since,
    bool IsOver, string Sample);

/// <summary>
/// One rule and its groups, in memory of fixed size. A storm is one alert: told when it begins, once a minute while it
/// lasts
/// with its counts, and when it is over. Not thread-safe; pure but for the time that it is given.
/// </summary>
public sealed class AlertState(AlertRule rule)
{
    /// <summary>Groups that are counted apart; events of further ones count as one.</summary>
    public const int GroupsMax = 5_000;

    private const int Slices = 12;
    private const int RateNeeds = 20;
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);

    public AlertRule Rule => rule;

    /// <summary>Counts an event.</summary>
    public void Observe(StoredEvent e)
    {
        if (!rule.Takes(e.Row)) return;
        var (part, whole) = rule.Weigh(e);
        if (part == 0 && !rule.IsRate) return;
        var key = rule.GroupOf(e);
        if (!_groups.TryGetValue(key, out var group))
        {
            if (_groups.Count >= GroupsMax) key = string.Join('\0', rule.GroupBy.Select(static _ => "other"));
            if (!_groups.TryGetValue(key, out group)) _groups[key] = group = new Group(key);
        }

        group.Add(SliceOf(e.Event.Time), part, whole);
        if (part == 0) return;
        group.Sample = e.Event.Id;
        if (group.Since is not null) group.Events += part;
    }

    /// <summary>What is to be told now.</summary>
    public IReadOnlyList<Alert> Evaluate(DateTimeOffset now)
    {
        var told = new List<Alert>();
        var oldest = SliceOf(now) - Slices + 1;
        foreach (var (key, group) in _groups.ToList())
        {
            var (part, whole) = group.Sum(oldest);
            var value = rule.IsRate ? whole < RateNeeds ? 0 : (double)part / whole : part;
            if (value >= rule.Threshold)
            {
                if (group.Since is null) (group.Since, group.Events) = (now, part);
                else if (now - group.ToldAt < TellEvery) continue;
                group.ToldAt = now;
                told.Add(AlertOf(group, value, false));
            }
            else if (group.Since is not null)
            {
                told.Add(AlertOf(group, value, true));
                (group.Since, group.Events) = (null, 0);
            }

            if (group.Since is null && whole == 0) _groups.Remove(key);
        }

        return told;
    }

    private Alert AlertOf(Group group, double value, bool isOver)
    {
        var names = group.Key.Split('\0');
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["alertname"] = rule.Name, ["severity"] = rule.Severity.ToString().ToLowerInvariant(),
        };
        for (var i = 0; i < rule.GroupBy.Count && i < names.Length; i++)
            labels[rule.GroupBy[i].ToString().ToLowerInvariant()] = names[i];
        return new Alert(
            rule.Name + "/" + group.Key.Replace('\0', '/'), rule, labels, Math.Round(value, 4), group.Events,
            group.Since!.Value, isOver, group.Sample);
    }

    private long SliceOf(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds() / Math.Max(1, rule.WindowSeconds * 1000L / Slices);

    /// <summary>Counts of one group in slices of the window.</summary>
    private sealed class Group(string key)
    {
        private readonly (long Slice, long Part, long Whole)[] _ring = new (long, long, long)[Slices];

        public string Key { get; } = key;
        public DateTimeOffset? Since { get; set; }
        public DateTimeOffset ToldAt { get; set; }
        public long Events { get; set; }
        public string Sample { get; set; } = "";

        public void Add(long slice, long part, long whole)
        {
            ref var entry = ref _ring[(int)(slice % Slices)];
            // An event of a slice that is over by a whole window counts for nothing any more.
            if (entry.Slice > slice) return;
            if (entry.Slice < slice) entry = (slice, 0, 0);
            entry = (slice, entry.Part + part, entry.Whole + whole);
        }

        public (long Part, long Whole) Sum(long oldest)
        {
            var (part, whole) = (0L, 0L);
            foreach (var entry in _ring)
            {
                if (entry.Slice < oldest) continue;
                part += entry.Part;
                whole += entry.Whole;
            }

            return (part, whole);
        }
    }
}
