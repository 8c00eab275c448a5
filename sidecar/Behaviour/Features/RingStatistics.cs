using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Features;

/// <summary>
/// Sums over the remembered requests of a client, made in one pass and two short sorts. Reused; not thread-safe.
/// </summary>
public sealed class RingStatistics
{
    private const int Max = ClientRecord.RequestsMax;

    private readonly ushort[] _keys = new ushort[Max];
    private readonly ushort[] _runs = new ushort[Max];
    private readonly float[] _gaps = new float[Max];

    /// <summary>Requests.</summary>
    public int Count { get; private set; }
    public Spread Routes { get; private set; }
    public Spread Statuses { get; private set; }
    public Spread Sizes { get; private set; }
    public Spread GapSteps { get; private set; }

    /// <summary>Seconds between requests.</summary>
    public Moments Gaps { get; private set; }
    public double MedianGap { get; private set; }
    public double LastGap { get; private set; }

    /// <summary>Gaps under 1 s, 10 s, 60 s, and longer ones.</summary>
    public (int Under1, int Under10, int Under60, int Over) GapClasses { get; private set; }
    public Moments Bytes { get; private set; }
    public Moments Milliseconds { get; private set; }

    /// <summary>Mean time of the second half less that of the first, milliseconds.</summary>
    public double MillisecondsTrend { get; private set; }
    public double LastMilliseconds { get; private set; }
    public Moments PathBytes { get; private set; }
    public Moments RuleScores { get; private set; }
    public Moments ModelScores { get; private set; }
    public RingCounts Counts { get; private set; }

    public void Read(in ClientRecord record)
    {
        Count = record.Remembered;
        Counts = RingCounts.Of(record);
        Routes = SpreadOf(record, static entry => entry.Route);
        Statuses = SpreadOf(record, static entry => entry.Status);
        Sizes = SpreadOf(record, static entry => entry.BytesStep);
        GapSteps = SpreadOf(record, static entry => entry.GapStep, from: 1);
        ReadGaps(record);
        Bytes = MomentsOf(record, static entry => entry.Bytes);
        Milliseconds = MomentsOf(record, static entry => entry.Milliseconds);
        PathBytes = MomentsOf(record, static entry => entry.PathBytes);
        RuleScores = MomentsOf(record, static entry => entry.RuleScore);
        ModelScores = MomentsOf(record, static entry => entry.ModelScore / 8.0);
        ReadTrend(record);
    }

    private void ReadGaps(in ClientRecord record)
    {
        var gaps = Math.Max(0, Count - 1);
        int under1 = 0, under10 = 0, under60 = 0;
        for (var i = 0; i < gaps; i++)
        {
            var gap = record[i + 1].Gap / 1000f;
            _gaps[i] = gap;
            if (gap < 1) under1++;
            else if (gap < 10) under10++;
            else if (gap < 60) under60++;
        }

        GapClasses = (under1, under10, under60, gaps - under1 - under10 - under60);
        LastGap = gaps == 0 ? 0 : _gaps[gaps - 1];
        var moments = default(Moments);
        foreach (var gap in _gaps.AsSpan(0, gaps)) moments = moments.With(gap);
        Gaps = moments;
        _gaps.AsSpan(0, gaps).Sort();
        MedianGap = gaps == 0 ? 0 : _gaps[gaps / 2];
    }

    private void ReadTrend(in ClientRecord record)
    {
        double first = 0, second = 0;
        var half = Count / 2;
        for (var i = 0; i < Count; i++)
        {
            var ms = record[i].Milliseconds;
            if (i < half) first += ms;
            else second += ms;
        }

        MillisecondsTrend = half == 0 ? 0 : second / (Count - half) - first / half;
        LastMilliseconds = Count == 0 ? 0 : record[Count - 1].Milliseconds;
    }

    private static Moments MomentsOf(in ClientRecord record, Func<RequestEntry, double> value)
    {
        var moments = default(Moments);
        var count = record.Remembered;
        for (var i = 0; i < count; i++) moments = moments.With(value(record[i]));
        return moments;
    }

    private Spread SpreadOf(in ClientRecord record, Func<RequestEntry, int> key, int from = 0)
    {
        var count = Math.Max(0, record.Remembered - from);
        for (var i = 0; i < count; i++) _keys[i] = (ushort)key(record[i + from]);
        var keys = _keys.AsSpan(0, count);
        keys.Sort();
        int distinct = 0, top = 0;
        for (var i = 0; i < count;)
        {
            var end = i;
            while (end < count && keys[end] == keys[i]) end++;
            _runs[distinct++] = (ushort)(end - i);
            top = Math.Max(top, end - i);
            i = end;
        }

        return new Spread(count, distinct, top, ByteStatistics.EntropyOf(_runs.AsSpan(0, distinct), count));
    }
}

/// <summary>How values are spread: how many, how many different, the most frequent, entropy in bits.</summary>
public readonly record struct Spread(int Count, int Distinct, int Top, double Entropy)
{
    public double DistinctShare => Count == 0 ? 0 : Distinct / (double)Count;
    public double TopShare => Count == 0 ? 0 : Top / (double)Count;
}

/// <summary>Mean, deviation (of all, not of a sample) and bounds of numbers.</summary>
public readonly record struct Moments(int Count, double Sum, double Squares, double Least, double Most)
{
    public double Mean => Count == 0 ? 0 : Sum / Count;
    public double Deviation => Count == 0 ? 0 : Math.Sqrt(Math.Max(0, Squares / Count - Mean * Mean));

    /// <summary>Deviation over mean; 0 without one.</summary>
    public double Variation => Mean > 0 ? Deviation / Mean : 0;

    public Moments With(double value) => new(
        Count + 1, Sum + value, Squares + value * value, Count == 0 ? value : Math.Min(Least, value),
        Count == 0 ? value : Math.Max(Most, value));
}
