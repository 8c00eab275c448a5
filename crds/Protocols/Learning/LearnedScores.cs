using System.Text;

namespace WafOperator.Protocols.Learning;

/// <summary>
/// What scores the traffic of a policy had: of one sidecar, or of all its replicas together. Immutable by use; bounded
/// in fields (<see cref="FieldsMax"/>), in observations a field and in bytes.
/// </summary>
public sealed record LearnedScores
{
    /// <summary>Fields that travel: those with the most observations.</summary>
    public const int FieldsMax = 128;

    /// <summary>Characters of the text form at most; a longer one is refused.</summary>
    public const int TextCharsMax = 128 << 10;

    /// <summary>Observations that one sidecar's word about one field counts for at most.</summary>
    public const long ObservationsMax = 1_000_000;

    private const int Version = 1;

    /// <summary>Requests scored, but for attacks that rules and models found each by themselves.</summary>
    public long Requests { get; init; }

    /// <summary>Of those, requests that Enforce would have blocked, by rules or by models.</summary>
    public long WouldBlock { get; init; }

    /// <summary>Scores of all fields together.</summary>
    public ScoreSketch All { get; init; } = new();

    /// <summary>Scores by field: a hash of route, kind and name, the same on every replica.</summary>
    public IReadOnlyDictionary<ulong, ScoreSketch> Fields { get; init; } = new Dictionary<ulong, ScoreSketch>();

    /// <summary>
    /// All replicas together. No replica counts for more than twice the median one in any sketch: one that is attacked
    /// alone, or that lies, cannot outvote the others. Clients are counted once however many replicas saw them.
    /// </summary>
    public static LearnedScores Merge(IReadOnlyCollection<LearnedScores> replicas) => new()
    {
        Requests = replicas.Sum(r => Math.Max(0, r.Requests)),
        WouldBlock = replicas.Sum(r => Math.Max(0, r.WouldBlock)),
        All = Merge([.. replicas.Select(r => r.All)]),
        Fields = replicas.SelectMany(r => r.Fields).GroupBy(field => field.Key)
            .Select(group => (group.Key, Sketch: Merge([.. group.Select(field => field.Value)])))
            .OrderByDescending(field => field.Sketch.Total).ThenBy(field => field.Key).Take(FieldsMax)
            .ToDictionary(field => field.Key, field => field.Sketch),
    };

    /// <summary>
    /// Whether enforcing is safe: enough was seen, and even the upper bound (95 %) of what would have been blocked is
    /// within twice the wanted share of false positives. Attacks that rules and models agree on are not among these
    /// requests; whatever else would be blocked counts as a false positive, since nobody can tell.
    /// </summary>
    public bool IsSafeToEnforce(long minimumRequests, double targetFalsePositiveRate) =>
        Requests >= Math.Max(1, minimumRequests)
        && ScoreSketch.WilsonUpper(WouldBlock, Requests) <= Math.Max(targetFalsePositiveRate * 2, 1e-4);

    /// <summary>Text form: base64, at most <see cref="FieldsMax"/> fields.</summary>
    public string Write()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write((byte)Version);
        writer.Write7BitEncodedInt64(Math.Max(0, Requests));
        writer.Write7BitEncodedInt64(Math.Max(0, WouldBlock));
        All.WriteSparse(writer);
        var fields = Fields.OrderByDescending(f => f.Value.Total).ThenBy(f => f.Key).Take(FieldsMax).ToList();
        writer.Write((byte)fields.Count);
        foreach (var (key, sketch) in fields)
        {
            writer.Write(key);
            sketch.WriteSparse(writer);
        }

        writer.Flush();
        return Convert.ToBase64String(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null when it is anything else. Never throws.</summary>
    public static LearnedScores? Read(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > TextCharsMax) return null;
        try
        {
            using var reader = new BinaryReader(new MemoryStream(Convert.FromBase64String(text), writable: false));
            if (reader.ReadByte() != Version) return null;
            var requests = reader.Read7BitEncodedInt64();
            var wouldBlock = reader.Read7BitEncodedInt64();
            var all = ScoreSketch.ReadSparse(reader);
            var fields = new Dictionary<ulong, ScoreSketch>();
            for (var left = (int)reader.ReadByte(); left > 0; left--)
                fields[reader.ReadUInt64()] = ScoreSketch.ReadSparse(reader);
            return requests < 0 || wouldBlock < 0 || fields.Count > FieldsMax
                ? null
                : new LearnedScores { Requests = requests, WouldBlock = wouldBlock, All = all, Fields = fields };
        }
        catch (Exception failure) when (failure is FormatException or EndOfStreamException or OverflowException)
        {
            return null;
        }
    }

    private static ScoreSketch Merge(IReadOnlyList<ScoreSketch> sketches)
    {
        var totals = sketches.Select(s => s.Total).Order().ToList();
        // With two replicas nobody can say which of them is wrong, so the lesser word is the measure then.
        var median = totals[(totals.Count - 1) / 2];
        var share = Math.Min(ObservationsMax, totals.Count == 1 ? ObservationsMax : Math.Max(1, 2 * median));
        var merged = new ScoreSketch();
        foreach (var sketch in sketches) merged.Merge(sketch.ScaledTo(share));
        return merged;
    }
}
