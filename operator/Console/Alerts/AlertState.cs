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

    /// <summary>
    /// The same for events of one namespace: names of policies, clients and routes are a sidecar's word, and none may
    /// take the room of others.
    /// </summary>
    public const int GroupsOfNamespaceMax = 500;

    private const int Slices = 12;
    private const int RateNeeds = 20;
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ofNamespace = new(StringComparer.Ordinal);

    public AlertRule Rule => rule;

    /// <summary>Counts an event.</summary>
    /// <param name="e">The event.</param>
    /// <param name="now">The time; an event whose sidecar's clock is ahead is one of now.</param>
    public void Observe(StoredEvent e, DateTimeOffset now)
    {
        if (!rule.Takes(e.Row)) return;
        var (part, whole) = rule.Weigh(e);
        if (part == 0 && !rule.IsRate) return;
        var group = GroupFor(e);
        group.Add(SliceOf(e.Event.Time < now ? e.Event.Time : now), part, whole);
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

            if (group.Since is not null || whole != 0) continue;
            _groups.Remove(key);
            var left = _ofNamespace[group.Namespace] - 1;
            if (left > 0) _ofNamespace[group.Namespace] = left;
            else _ofNamespace.Remove(group.Namespace);
        }

        return told;
    }

    private Group GroupFor(StoredEvent e)
    {
        var key = rule.GroupOf(e);
        if (_groups.TryGetValue(key, out var group)) return group;
        var ns = e.Row.Namespace;
        var isNamed = _ofNamespace.GetValueOrDefault(ns) < GroupsOfNamespaceMax;
        if (!isNamed || _groups.Count >= GroupsMax)
        {
            key = string.Join('\0', rule.GroupBy.Select(by =>
                by is AlertGroup.Namespace && _groups.Count < GroupsMax ? ns : "other"));
            if (_groups.TryGetValue(key, out group)) return group;
        }

        _ofNamespace[ns] = _ofNamespace.GetValueOrDefault(ns) + 1;
        return _groups[key] = new Group(key, ns);
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
    private sealed class Group(string key, string ns)
    {
        private readonly (long Slice, long Part, long Whole)[] _ring = new (long, long, long)[Slices];

        public string Key { get; } = key;

        /// <summary>Of the event that it began with.</summary>
        public string Namespace { get; } = ns;
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
