using WafOperator.Http;
using WafOperator.Protocols.Learning;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using PartKind = WafOperator.Http.PartKind;

namespace WafOperator.Scoring.Learning;

/// <summary>
/// Learns what scores a site's own benign traffic has, per route and field, and derives thresholds for a wanted share of false positives.
/// <para>
/// What an attacker can do to it is bounded four ways. Requests that the rules call attacks are not learned from. A client adds at
/// most <see cref="PerClientMax"/> observations a window to a field, so a burst from few addresses stays a few observations. A field's threshold
/// is used only when at least <see cref="ClientsMin"/> different clients made it. And no threshold ever rises above the policy's ceiling
/// or moves more than <see cref="StepMax"/> (log-odds) a window.
/// </para>
/// <para>
/// Two ways to derive a threshold. <see cref="LearningKind.Apply"/> goes towards the quantile of everything seen.
/// <see cref="LearningKind.Adaptive"/> looks at the last window alone: where more than the wanted share reached the
/// threshold it rises one <see cref="AdaptiveStep"/>, where less than half of it did it falls one, between the package's
/// threshold and the ceiling.
/// </para>
/// <para>
/// Replicas learn together: each reports what it saw itself (<see cref="Own"/>), the operator merges, and each adopts
/// the merged observations (<see cref="Adopt"/>), which are never reported again. The four bounds hold for those as
/// well, as they are applied here.
/// </para>
/// Bounded memory: <see cref="FieldsMax"/> fields, one sketch each. Thread-safe by one lock held for well under a microsecond.
/// </summary>
public sealed class SiteLearner(LearningPolicy policy, double baseThreshold, TimeProvider time)
{
    public const int FieldsMax = 1_000;
    public const int PerClientMax = 8;
    public const int ClientsMin = 20;
    public const double StepMax = 0.5;

    /// <summary>Log-odds that an adaptive threshold moves in a window.</summary>
    public const double AdaptiveStep = 0.1;

    /// <summary>Observations of a window below which it says nothing about a share.</summary>
    public const int WindowMin = 200;

    private const int SaveVersion = 2;
    private const int QuotaSlots = 1 << 14;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Field> _fields = [];
    private readonly byte[] _quota = new byte[QuotaSlots];
    private readonly Field _all = new();
    private DateTimeOffset _windowEnd = time.GetUtcNow() + Window;
    private LearnedScores? _together;
    private long _requests;
    private long _wouldBlock;

    /// <summary>Score that a field's value must reach to count as critical, on top of the policy's own threshold.</summary>
    public double ThresholdOf(ulong field)
    {
        if (policy.Mode is LearningKind.Off or LearningKind.Propose) return 0;
        lock (_lock) return _fields.TryGetValue(field, out var known) ? known.Applied : _all.Applied;
    }

    /// <summary>Key of a field: route, kind and name.</summary>
    public static ulong KeyOf(string route, PartKind kind, ReadOnlySpan<byte> name)
    {
        var hash = 14695981039346656037ul;
        foreach (var c in route) hash = (hash ^ c) * 1099511628211ul;
        hash = (hash ^ (ulong)kind) * 1099511628211ul;
        foreach (var b in name) hash = (hash ^ b) * 1099511628211ul;
        return hash;
    }

    /// <summary>Takes one value's score of a request that the rules did not object to.</summary>
    public void Observe(ulong field, ulong client, double score)
    {
        lock (_lock)
        {
            Roll();
            if (!Take(field ^ (client * 0x9E3779B97F4A7C15ul))) return;
            _all.Add(score, client, baseThreshold);
            if (!_fields.TryGetValue(field, out var known))
            {
                if (_fields.Count >= FieldsMax) return;
                _fields[field] = known = new Field();
            }

            known.Add(score, client, baseThreshold);
        }
    }

    /// <summary>Counts a request, and whether Enforce would have blocked it, by rules or by models.</summary>
    public void Count(bool wouldBlock)
    {
        Interlocked.Increment(ref _requests);
        if (wouldBlock) Interlocked.Increment(ref _wouldBlock);
    }

    /// <summary>What this sidecar saw itself, for the others.</summary>
    public LearnedScores Own()
    {
        lock (_lock)
        {
            return new LearnedScores
            {
                Requests = Interlocked.Read(ref _requests),
                WouldBlock = Interlocked.Read(ref _wouldBlock),
                All = _all.Sketch.ScaledTo(LearnedScores.ObservationsMax),
                Fields = _fields.OrderByDescending(f => f.Value.Sketch.Total).ThenBy(f => f.Key)
                    .Take(LearnedScores.FieldsMax)
                    .ToDictionary(f => f.Key, f => f.Value.Sketch.ScaledTo(LearnedScores.ObservationsMax)),
            };
        }
    }

    /// <summary>
    /// Takes what all replicas saw together, this one included, in place of what was adopted before. Fields that this
    /// replica never saw are known from then on, within <see cref="FieldsMax"/>.
    /// </summary>
    public void Adopt(LearnedScores together)
    {
        lock (_lock)
        {
            _together = together;
            foreach (var key in together.Fields.Keys)
            {
                if (_fields.Count >= FieldsMax) break;
                if (!_fields.ContainsKey(key)) _fields[key] = new Field();
            }
        }
    }

    /// <summary>How far learning is.</summary>
    public LearningReport Report()
    {
        lock (_lock)
        {
            Roll();
            var requests = Interlocked.Read(ref _requests);
            var wouldBlock = Interlocked.Read(ref _wouldBlock);
            var seen = TogetherOr(requests, wouldBlock);
            var sketch = Better(_all.Sketch, _together?.All);
            return new LearningReport
            {
                Requests = requests,
                ProposedThreshold = sketch.Total == 0 ? null : Proposal(sketch),
                AppliedThreshold = policy.Mode is LearningKind.Apply or LearningKind.Adaptive ? Math.Max(baseThreshold, _all.Applied) : null,
                WouldBlock = wouldBlock,
                SafeToEnforce = seen.IsSafeToEnforce(policy.MinimumRequests, policy.TargetFalsePositiveRate),
            };
        }
    }

    /// <summary>Everything learned, for the volume and for other replicas.</summary>
    public byte[] Save()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        lock (_lock)
        {
            writer.Write(SaveVersion);
            writer.Write(baseThreshold);
            writer.Write(Interlocked.Read(ref _requests));
            writer.Write(Interlocked.Read(ref _wouldBlock));
            writer.Write(_fields.Count);
            _all.Write(writer);
            foreach (var (key, field) in _fields)
            {
                writer.Write(key);
                field.Write(writer);
            }
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>
    /// Adds what another learner saved. False when the bytes are not such a save; then nothing changes. Scores stay what
    /// they were under another threshold, but how many requests it would have blocked says nothing about this one: then
    /// counting begins anew.
    /// </summary>
    public bool Merge(ReadOnlyMemory<byte> saved)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(saved.ToArray(), writable: false));
            if (reader.ReadInt32() != SaveVersion) return false;
            var isSameThreshold = reader.ReadDouble() == baseThreshold;
            var requests = Math.Max(0, reader.ReadInt64());
            var wouldBlock = Math.Clamp(reader.ReadInt64(), 0, requests);
            var count = reader.ReadInt32();
            if (count is < 0 or > FieldsMax) return false;
            var all = Field.Read(reader);
            var fields = new List<(ulong, Field)>(count);
            for (var i = 0; i < count; i++) fields.Add((reader.ReadUInt64(), Field.Read(reader)));
            lock (_lock)
            {
                if (isSameThreshold)
                {
                    Interlocked.Add(ref _requests, requests);
                    Interlocked.Add(ref _wouldBlock, wouldBlock);
                }

                Add(all, fields);
            }

            return true;
        }
        catch (EndOfStreamException)
        {
            return false;
        }
    }

    private void Add(Field all, List<(ulong Key, Field Field)> fields)
    {
        _all.Merge(all);
        foreach (var (key, field) in fields)
        {
            if (_fields.TryGetValue(key, out var known)) known.Merge(field);
            else if (_fields.Count < FieldsMax) _fields[key] = field;
        }
    }

    private bool Take(ulong key)
    {
        ref var used = ref _quota[(int)((key ^ (key >> 29)) & (QuotaSlots - 1))];
        if (used >= PerClientMax) return false;
        used++;
        return true;
    }

    /// <summary>At the end of a window thresholds move one bounded step, and quotas begin anew.</summary>
    private void Roll()
    {
        var now = time.GetUtcNow();
        if (now < _windowEnd) return;
        _windowEnd = now + Window;
        Array.Clear(_quota);
        Move(_all, _together?.All);
        foreach (var (key, field) in _fields) Move(field, _together?.Fields.GetValueOrDefault(key));
    }

    private void Move(Field field, ScoreSketch? together)
    {
        var sketch = Better(field.Sketch, together);
        var requests = Math.Max(Interlocked.Read(ref _requests), _together?.Requests ?? 0);
        var isKnown = sketch.Clients >= ClientsMin && requests >= policy.MinimumRequests;
        var from = LogOdds(field.Applied == 0 ? baseThreshold : field.Applied);
        var to = policy.Mode == LearningKind.Adaptive
            ? from + (isKnown ? AdaptiveStep * field.Tendency(policy.TargetFalsePositiveRate) : 0)
            : from + Math.Clamp(LogOdds(isKnown ? Proposal(sketch) : baseThreshold) - from, -StepMax, StepMax);
        field.BeginWindow();
        field.Applied = Math.Clamp(1 / (1 + Math.Exp(-to)), Math.Min(baseThreshold, policy.Ceiling), policy.Ceiling);
        if (field.Sketch.Total > 1_000_000) field.Sketch.Decay();
    }

    /// <summary>The merged sketch holds this replica's observations too, as far as they travelled.</summary>
    private static ScoreSketch Better(ScoreSketch own, ScoreSketch? together) =>
        together is not null && together.Total > own.Total ? together : own;

    private LearnedScores TogetherOr(long requests, long wouldBlock) => _together is { } all && all.Requests > requests
        ? all
        : new LearnedScores { Requests = requests, WouldBlock = wouldBlock };

    private double Proposal(ScoreSketch sketch) => Math.Clamp(
        sketch.ThresholdFor(policy.TargetFalsePositiveRate), Math.Min(baseThreshold, policy.Ceiling), policy.Ceiling);

    private static double LogOdds(double p)
    {
        var clamped = Math.Clamp(p, 1e-6, 1 - 1e-6);
        return Math.Log(clamped / (1 - clamped));
    }

    private sealed class Field
    {
        public ScoreSketch Sketch { get; private init; } = new();

        public double Applied { get; set; }

        private int Seen { get; set; }

        private int Reached { get; set; }

        public void Add(double score, ulong client, double baseThreshold)
        {
            Sketch.Add(score, client);
            Seen++;
            if (score >= Math.Max(baseThreshold, Applied)) Reached++;
        }

        /// <summary>1 when too much of the window reached the threshold, -1 when little did, else 0.</summary>
        public int Tendency(double target)
        {
            if (Seen < WindowMin) return 0;
            var share = (double)Reached / Seen;
            return share > target ? 1 : share < target / 2 ? -1 : 0;
        }

        public void BeginWindow() => (Seen, Reached) = (0, 0);

        public void Merge(Field other)
        {
            Sketch.Merge(other.Sketch);
            Applied = Math.Max(Applied, other.Applied);
        }

        public void Write(BinaryWriter writer)
        {
            writer.Write(Applied);
            Sketch.Write(writer);
        }

        public static Field Read(BinaryReader reader)
        {
            var applied = reader.ReadDouble();
            return new Field { Applied = double.IsFinite(applied) ? Math.Clamp(applied, 0, 1) : 0, Sketch = ScoreSketch.Read(reader) };
        }
    }
}
