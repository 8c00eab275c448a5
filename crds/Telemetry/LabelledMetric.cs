using System.Collections.Concurrent;

namespace WafOperator.Telemetry;

/// <summary>
/// The series of one metric by up to three labels. Finding one allocates nothing. Beyond
/// <see cref="MetricSet.SeriesMax"/> all further ones are one series, whose labels say <see cref="Other"/>: the sum
/// stays true. Thread-safe.
/// </summary>
/// <typeparam name="TChild">What is recorded into.</typeparam>
public sealed class LabelledMetric<TChild>
    where TChild : class
{
    /// <summary>What stands for everything that has no series of its own.</summary>
    public const string Other = "other";

    private const int LabelsMax = 3;

    private readonly ConcurrentDictionary<(string, string, string), TChild> _series = new();
    private readonly Func<string[], TChild> _create;
    private readonly int _labels;
    private readonly TChild? _alone;
    private int _count;

    internal LabelledMetric(Func<string[], TChild> create, int labels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labels, LabelsMax);
        (_create, _labels) = (create, labels);
        if (labels == 0) _alone = create([]);
    }

    /// <summary>The series of a metric without labels.</summary>
    /// <exception cref="InvalidOperationException">The metric has labels.</exception>
    public TChild Alone => _alone ?? throw new InvalidOperationException("the metric has labels");

    /// <summary>The series with these values, in the order of the label names.</summary>
    public TChild Of(string first, string second = "", string third = "")
    {
        var key = (first, second, third);
        return _series.TryGetValue(key, out var series) ? series : Add(key);
    }

    private TChild Add((string First, string Second, string Third) key)
    {
        if (Volatile.Read(ref _count) >= MetricSet.SeriesMax) key = (Other, Other, Other);
        string[] values = [key.First, key.Second, key.Third];
        var made = _create(values[.._labels]);
        if (_series.TryAdd(key, made)) Interlocked.Increment(ref _count);
        return made;
    }
}
