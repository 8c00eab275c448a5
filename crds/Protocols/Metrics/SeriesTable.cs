using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace WafOperator.Protocols.Metrics;

/// <summary>All series of one instrument.</summary>
internal sealed class SeriesTable
{
    private const int SeriesMax = 10_000;

    private static readonly double[] DefaultBounds =
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Dictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly string _type;
    private readonly string? _help;
    private readonly bool _isObservable;
    private readonly double[] _bounds = [];
    private Series? _unlabelled;

    public SeriesTable(Instrument instrument)
    {
        var kind = instrument.GetType().Name;
        _isObservable = instrument.IsObservable;
        _help = instrument.Description;
        _type = kind switch
        {
            _ when kind.StartsWith("Histogram", StringComparison.Ordinal) => "histogram",
            _ when kind.StartsWith("Counter", StringComparison.Ordinal)
                || kind.StartsWith("ObservableCounter", StringComparison.Ordinal) => "counter",
            _ => "gauge",
        };
        if (_type == "histogram")
            _bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? DefaultBounds;
        Name = NameOf(instrument.Name, _type);
    }

    public string Name { get; }

    public void BeginObservation()
    {
        if (!_isObservable) return;
        lock (_lock)
        {
            _series.Clear();
            _unlabelled = null;
        }
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            var series = tags.IsEmpty ? _unlabelled ??= Find("") : Find(Labels(tags));
            if (series is null) return;
            series.Sum = _isObservable && _type != "histogram" || _type == "gauge" && _isObservable ? value : series.Sum + value;
            if (_bounds.Length == 0) return;
            var bucket = Array.BinarySearch(_bounds, value);
            series.Buckets[bucket < 0 ? ~bucket : bucket]++;
        }
    }

    public void Write(StringBuilder text)
    {
        lock (_lock)
        {
            if (_series.Count == 0) return;
            if (!string.IsNullOrEmpty(_help)) text.Append("# HELP ").Append(Name).Append(' ').Append(Escape(_help, quotes: false)).Append('\n');
            text.Append("# TYPE ").Append(Name).Append(' ').Append(_type).Append('\n');
            foreach (var (labels, series) in _series)
            {
                if (_bounds.Length > 0) WriteHistogram(text, labels, series);
                else Line(text, Name, labels, series.Sum);
            }
        }
    }

    private void WriteHistogram(StringBuilder text, string labels, Series series)
    {
        long count = 0;
        var prefix = labels.Length == 0 ? "" : labels + ",";
        for (var i = 0; i <= _bounds.Length; i++)
        {
            count += series.Buckets[i];
            var bound = i == _bounds.Length ? "+Inf" : _bounds[i].ToString("R", CultureInfo.InvariantCulture);
            Line(text, Name + "_bucket", $"{prefix}le=\"{bound}\"", count);
        }

        Line(text, Name + "_sum", labels, series.Sum);
        Line(text, Name + "_count", labels, count);
    }

    private Series? Find(string labels)
    {
        if (_series.TryGetValue(labels, out var series)) return series;
        if (_series.Count >= SeriesMax) return null;
        return _series[labels] = new Series(new long[_bounds.Length == 0 ? 0 : _bounds.Length + 1]);
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder(64);
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(Clean(name)).Append("=\"")
                .Append(Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", quotes: true)).Append('"');
        }

        return text.ToString();
    }

    private static string NameOf(string name, string type)
    {
        var clean = Clean(name);
        return type == "counter" && !clean.EndsWith("_total", StringComparison.Ordinal) ? clean + "_total" : clean;
    }

    private static string Clean(string name) =>
        string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });

    private static string Escape(string value, bool quotes)
    {
        value = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? value.Replace("\"", "\\\"", StringComparison.Ordinal) : value;
    }

    private sealed class Series(long[] buckets)
    {
        public double Sum;

        public long[] Buckets { get; } = buckets;
    }
}
