namespace WafOperator.Scoring.Learning;

/// <summary>
/// Distribution of scores as counts over evenly spaced log-odds from −8 to 8 (about 0.0003 to 0.9997), and how many different clients it is
/// made of (linear counting, Whang et al. 1990). Fixed size, mergeable; not thread-safe.
/// </summary>
public sealed class ScoreSketch
{
    public const int Buckets = 64;
    private const int ClientBits = 512;
    private const double LogOddsMax = 8;

    private readonly uint[] _counts = new uint[Buckets];
    private readonly ulong[] _clients = new ulong[ClientBits / 64];

    /// <summary>Observations.</summary>
    public long Total { get; private set; }

    /// <summary>Estimated number of different clients; grows no further than about 3,000.</summary>
    public int Clients
    {
        get
        {
            var empty = ClientBits - _clients.Sum(w => System.Numerics.BitOperations.PopCount(w));
            return (int)Math.Round(ClientBits * Math.Log((double)ClientBits / Math.Max(1, empty)));
        }
    }

    /// <summary>Adds an observation.</summary>
    public void Add(double score, ulong clientHash)
    {
        var bucket = BucketOf(score);
        if (_counts[bucket] < uint.MaxValue) _counts[bucket]++;
        Total++;
        _clients[(clientHash >> 6) % (ulong)_clients.Length] |= 1ul << (int)(clientHash & 63);
    }

    /// <summary>Adds all of another sketch (a replica's, or one from before a restart).</summary>
    public void Merge(ScoreSketch other)
    {
        for (var i = 0; i < Buckets; i++) _counts[i] = (uint)Math.Min(uint.MaxValue, (ulong)_counts[i] + other._counts[i]);
        for (var i = 0; i < _clients.Length; i++) _clients[i] |= other._clients[i];
        Total += other.Total;
    }

    /// <summary>Halves everything, so that what was long ago counts less.</summary>
    public void Decay()
    {
        Total = 0;
        for (var i = 0; i < Buckets; i++)
        {
            _counts[i] /= 2;
            Total += _counts[i];
        }
    }

    /// <summary>
    /// The lowest score above which at most <paramref name="share"/> of the observations lie, with the upper Wilson bound (95 %) in place of the
    /// bare share: few observations give a high threshold.
    /// </summary>
    public double ThresholdFor(double share)
    {
        long above = 0;
        for (var bucket = Buckets - 1; bucket >= 0; bucket--)
        {
            above += _counts[bucket];
            if (WilsonUpper(above, Total) > share) return UpperEdge(bucket);
        }

        return 0;
    }

    /// <summary>Writes the sketch in a fixed layout.</summary>
    public void Write(BinaryWriter writer)
    {
        foreach (var count in _counts) writer.Write(count);
        foreach (var word in _clients) writer.Write(word);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    public static ScoreSketch Read(BinaryReader reader)
    {
        var sketch = new ScoreSketch();
        for (var i = 0; i < Buckets; i++) sketch.Total += sketch._counts[i] = reader.ReadUInt32();
        for (var i = 0; i < sketch._clients.Length; i++) sketch._clients[i] = reader.ReadUInt64();
        return sketch;
    }

    internal static double WilsonUpper(long hits, long total)
    {
        if (total == 0) return 1;
        const double z = 1.96;
        var p = (double)hits / total;
        var center = p + (z * z / (2 * total));
        var spread = z * Math.Sqrt((p * (1 - p) / total) + (z * z / (4.0 * total * total)));
        return (center + spread) / (1 + (z * z / total));
    }

    private static int BucketOf(double score)
    {
        var clamped = Math.Clamp(score, 1e-9, 1 - 1e-9);
        var logOdds = Math.Log(clamped / (1 - clamped));
        return (int)Math.Clamp((logOdds + LogOddsMax) / (2 * LogOddsMax) * Buckets, 0, Buckets - 1);
    }

    private static double UpperEdge(int bucket)
    {
        var logOdds = ((bucket + 1) * 2 * LogOddsMax / Buckets) - LogOddsMax;
        return bucket == Buckets - 1 ? 1 : 1 / (1 + Math.Exp(-logOdds));
    }
}
