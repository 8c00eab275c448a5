namespace WafOperator.Protocols.Learning;

/// <summary>
/// Distribution of scores as counts over evenly spaced log-odds from −8 to 8 (about 0.0003 to 0.9997), and how many
/// different clients it is made of (linear counting, Whang et al. 1990). Fixed size, mergeable; not thread-safe.
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
        for (var i = 0; i < Buckets; i++)
            _counts[i] = (uint)Math.Min(uint.MaxValue, (ulong)_counts[i] + other._counts[i]);
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
    /// The lowest score above which at most <paramref name="share"/> of the observations lie, with the upper Wilson
    /// bound (95 %) in place of the bare share: few observations give a high threshold.
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

    /// <summary>
    /// A copy that says the same with at most <paramref name="totalMax"/> observations: counts are divided alike, a
    /// count that would vanish stays 1, so that the tail is not lost.
    /// </summary>
    public ScoreSketch ScaledTo(long totalMax)
    {
        var scaled = new ScoreSketch();
        var divisor = Total <= totalMax ? 1.0 : (double)Total / Math.Max(1, totalMax);
        for (var i = 0; i < Buckets; i++)
        {
            scaled._counts[i] = _counts[i] == 0 ? 0 : (uint)Math.Max(1, Math.Round(_counts[i] / divisor));
            scaled.Total += scaled._counts[i];
        }

        _clients.CopyTo(scaled._clients, 0);
        return scaled;
    }

    /// <summary>Writes what is not zero, for the network.</summary>
    internal void WriteSparse(BinaryWriter writer)
    {
        writer.Write((byte)_counts.Count(count => count != 0));
        for (var i = 0; i < Buckets; i++)
        {
            if (_counts[i] == 0) continue;
            writer.Write((byte)i);
            writer.Write7BitEncodedInt64(_counts[i]);
        }

        writer.Write((byte)_clients.Count(word => word != 0));
        for (var i = 0; i < _clients.Length; i++)
        {
            if (_clients[i] == 0) continue;
            writer.Write((byte)i);
            writer.Write(_clients[i]);
        }
    }

    /// <summary>Reads what <see cref="WriteSparse"/> wrote.</summary>
    /// <exception cref="FormatException">It is no sketch.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    internal static ScoreSketch ReadSparse(BinaryReader reader)
    {
        var sketch = new ScoreSketch();
        for (var left = (int)reader.ReadByte(); left > 0; left--)
        {
            var bucket = reader.ReadByte();
            var count = reader.Read7BitEncodedInt64();
            if (bucket >= Buckets || count is < 1 or > uint.MaxValue || sketch._counts[bucket] != 0)
                throw new FormatException("not a sketch");
            sketch.Total += sketch._counts[bucket] = (uint)count;
        }

        for (var left = (int)reader.ReadByte(); left > 0; left--)
        {
            var word = reader.ReadByte();
            if (word >= sketch._clients.Length) throw new FormatException("not a sketch");
            sketch._clients[word] |= reader.ReadUInt64();
        }

        return sketch;
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

    /// <summary>
    /// Upper bound (95 %, Wilson 1927) of a share of which <paramref name="hits"/> in <paramref name="total"/> were
    /// seen.
    /// </summary>
    public static double WilsonUpper(long hits, long total)
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
