using Prometheus;

namespace WafOperator.Telemetry;

/// <summary>
/// A metric whose values are kept by others, as plain numbers, and asked for when metrics are read: counting costs an
/// increment. A gauge's series that are not named any more go. Thread-safe.
/// </summary>
public sealed class ObservedMetric
{
    private readonly Func<string[], ChildBase> _find;
    private readonly Action<ChildBase, double> _set;
    private readonly Lock _lock = new();
    private HashSet<ChildBase> _shown = [];
    private volatile Func<IEnumerable<Sample>>? _source;

    internal ObservedMetric(Func<string[], ChildBase> find, Action<ChildBase, double> set) =>
        (_find, _set) = (find, set);

    /// <summary>Says where values come from. The function is called by whoever reads metrics.</summary>
    public void From(Func<IEnumerable<Sample>> source) => _source = source;

    /// <summary>The same, for one series without labels.</summary>
    public void From(Func<double> source) => From(() => [new Sample(source())]);

    /// <summary>Takes the values; returns how many series were too many.</summary>
    internal int Refresh()
    {
        if (_source is not { } source) return 0;
        lock (_lock)
        {
            var (shown, cut) = (new HashSet<ChildBase>(), 0);
            foreach (var sample in source())
            {
                if (shown.Count >= MetricSet.SeriesMax)
                {
                    cut++;
                    continue;
                }

                var child = _find(sample.Labels);
                _set(child, sample.Value);
                shown.Add(child);
            }

            foreach (var child in _shown)
            {
                if (!shown.Contains(child)) child.Remove();
            }

            _shown = shown;
            return cut;
        }
    }
}
