using System.Collections.Frozen;
using System.Globalization;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Packages;

/// <summary>Evidence about one part of a request.</summary>
/// <param name="LogOdds">What rules and signals add to the models' log-odds.</param>
/// <param name="IsDecisive">A rule matched that decides by itself.</param>
internal readonly record struct PartEvidence(double LogOdds, bool IsDecisive)
{
    public bool IsNone => LogOdds == 0 && !IsDecisive;
}

/// <summary>
/// Rules that matched as evidence beside the models' score of a part: the strongest few, of different families,
/// bounded. In long values a match is worth less beside the score of the whole, but as much as ever beside that of
/// its surroundings (the formula is in sidecar/Scoring/README.md). Immutable.
/// </summary>
internal sealed class RuleEvidence
{
    /// <summary>Probability of a part in which a decisive rule matched, at least.</summary>
    public const double Decisive = 0.999;

    /// <summary>Bound of <see cref="JointCalibration.StrongestRules"/>.</summary>
    public const int StrongestMax = 8;

    private const double WeightMax = 100;

    /// <summary>Ids of rules about one kind of attack differ below this (942100, 942190: SQL).</summary>
    private const long FamilyIds = 1_000;

    /// <summary>
    /// What decides where a package was fitted before that was published: what the detectors that parse find, but for
    /// markup that pages embed. Of 62,661 recorded benign requests 7 show it, of each detector's
    /// (sidecar/Engine/Detectors/README.md).
    /// </summary>
    private static readonly string[] DecisiveWithoutSupport =
        ["942100", "941100/handler", "941100/script", "941100/url"];

    private readonly JointCalibration _joint;
    private readonly FrozenDictionary<long, double> _weights;
    private readonly FrozenDictionary<(long, string), double> _byFinding;
    private readonly FrozenSet<(long, string)> _decisive;

    /// <summary>Rules whose findings have weights of their own.</summary>
    private readonly FrozenSet<long> _parsing;

    /// <summary>Findings that were seen and have no weight of their own, as documents show them too.</summary>
    private readonly FrozenSet<(long, string)> _loud;
    private readonly double _serialized;
    private readonly double _operatorName;

    private RuleEvidence(JointCalibration joint)
    {
        var keys = joint.Rules.Where(r => r.Value is > 0 and < WeightMax)
            .Select(r => (Key: KeyOf(r.Key), Weight: r.Value)).Where(r => r.Key is not null).ToList();
        _joint = joint;
        _weights = keys.Where(k => k.Key!.Value.Finding.Length == 0)
            .ToFrozenDictionary(k => k.Key!.Value.Rule, k => k.Weight);
        _byFinding = joint.Rules.Select(r => (Text: r.Key, Key: KeyOf(r.Key), Weight: r.Value))
            .Where(r => r.Key is { Finding.Length: > 0 } && r.Weight is >= 0 and < WeightMax)
            .ToFrozenDictionary(r => r.Key!.Value, r => FindingWeight(joint, r.Text, r.Key!.Value.Rule, r.Weight));
        _parsing = _byFinding.Keys.Select(key => key.Item1).ToFrozenSet();
        _loud = joint.Support.Keys.Where(key => !joint.Rules.ContainsKey(key)).Select(KeyOf)
            .OfType<(long, string)>().Where(key => key.Item2.Length > 0).ToFrozenSet();
        var decisive = joint.Support.Count > 0 || joint.Decisive.Count > 0 ? joint.Decisive : DecisiveWithoutSupport;
        _decisive = decisive.Select(KeyOf).OfType<(long, string)>().ToFrozenSet();
        _serialized = WeightOf(joint, "serialized");
        _operatorName = WeightOf(joint, "operatorName");
    }

    /// <summary>
    /// Null without a calibration, or with one that is none (no finite numbers, a slope that turns scores over).
    /// </summary>
    public static RuleEvidence? Of(JointCalibration? joint) =>
        joint is null || !double.IsFinite(joint.Intercept) || joint.Slope is not (> 0 and < 1_000)
        || joint is not { EvidenceMax: >= 0 and < 1_000, LengthDiscount: >= 0 and < 1_000 }
        || joint is not { StrongestRules: > 0 and <= StrongestMax, LengthFree: > 0 }
            ? null
            : new RuleEvidence(joint);

    /// <summary>Values of up to this many bytes are their own surroundings.</summary>
    public int LengthFree => _joint.LengthFree;

    /// <summary>Evidence of a part.</summary>
    /// <param name="hits">What rules found in the request.</param>
    /// <param name="places">The part of each hit.</param>
    /// <param name="part">The part that is asked for.</param>
    /// <param name="signals">What the part shows itself.</param>
    public PartEvidence Of(
        IReadOnlyList<RuleHit> hits, ReadOnlySpan<int> places, int part, AttackSignals signals)
    {
        Span<(double Weight, long Family)> strongest = stackalloc (double, long)[StrongestMax];
        strongest = strongest[.._joint.StrongestRules];
        strongest.Clear();
        var isDecisive = false;
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] != part || IsRepeated(hits, places, i)) continue;
            var hit = hits[i];
            isDecisive |= IsDecisive(hit);
            Insert(strongest, WeightOf(hit), hit.RuleId / FamilyIds);
        }

        return Sum(strongest, signals, isDecisive);
    }

    /// <summary>
    /// Evidence of the surroundings of a match: what matched near it in the same value, whatever the value's length.
    /// </summary>
    /// <param name="hits">What rules found in the request.</param>
    /// <param name="places">The part of each hit.</param>
    /// <param name="center">The hit in question; its place is known.</param>
    /// <param name="reach">Bytes on each side.</param>
    public PartEvidence Around(IReadOnlyList<RuleHit> hits, ReadOnlySpan<int> places, int center, int reach)
    {
        Span<(double Weight, long Family)> strongest = stackalloc (double, long)[StrongestMax];
        strongest = strongest[.._joint.StrongestRules];
        strongest.Clear();
        for (var i = 0; i < places.Length; i++)
        {
            var hit = hits[i];
            if (places[i] != places[center] || hit.Value != hits[center].Value || hit.At < 0) continue;
            if (Math.Abs(hit.At - hits[center].At) <= reach)
                Insert(strongest, FullWeightOf(hit), hit.RuleId / FamilyIds);
        }

        return Sum(strongest, AttackSignals.None, false);
    }

    private PartEvidence Sum(
        ReadOnlySpan<(double Weight, long Family)> strongest, AttackSignals signals, bool isDecisive)
    {
        var sum = SignalSum(signals);
        foreach (var (weight, _) in strongest) sum += weight;
        return new PartEvidence(Math.Min(_joint.EvidenceMax, sum), isDecisive);
    }

    /// <summary>What a hit is worth beside the score of the whole value, before the strongest are chosen.</summary>
    public double WeightOf(in RuleHit hit)
    {
        var weight = FullWeightOf(hit);
        // Who parses does not meet a long text by chance. Markup of documents is found as well, though: a package says
        // which findings count in full.
        if (hit.Finding is { } finding && _parsing.Contains(hit.RuleId) && !_loud.Contains((hit.RuleId, finding)))
            return weight;
        var length = (double)hit.Value.Length / _joint.LengthFree;
        return length <= 1 ? weight : Math.Max(0, weight - (_joint.LengthDiscount * Math.Log(length)));
    }

    private double FullWeightOf(in RuleHit hit) =>
        hit.Finding is { } finding && _byFinding.TryGetValue((hit.RuleId, finding), out var exact)
            ? exact
            : _weights.GetValueOrDefault(hit.RuleId);

    /// <summary>
    /// A finding that no harmless request showed is no weaker evidence than its rule, which some did. Where models see
    /// an attack as well as the detector does, fitting leaves next to nothing for the detector; beside words they see
    /// less, and then it is all there is.
    /// </summary>
    private double FindingWeight(JointCalibration joint, string key, long rule, double weight) =>
        joint.Support.TryGetValue(key, out var seen) && seen is { Benign: 0, Attacks: > 0 }
            ? Math.Max(weight, _weights.GetValueOrDefault(rule))
            : weight;

    /// <summary>The models' probability of a part with its evidence.</summary>
    public double Join(double probability, PartEvidence evidence)
    {
        var logOdds = probability <= 0
            ? -JointCalibration.LogOddsMax
            : Math.Clamp(
                Math.Log(probability / (1 - probability)), -JointCalibration.LogOddsMax, JointCalibration.LogOddsMax);
        var joined = ValueModel.Sigmoid((_joint.Slope * logOdds) + _joint.Intercept + evidence.LogOdds);
        return evidence.IsDecisive ? Math.Max(joined, Decisive) : joined;
    }

    private bool IsDecisive(in RuleHit hit) =>
        _decisive.Contains((hit.RuleId, ""))
        || (hit.Finding is { } finding && _decisive.Contains((hit.RuleId, finding)));

    private double SignalSum(AttackSignals signals) =>
        ((signals & AttackSignals.Serialized) != 0 ? _serialized : 0)
        + ((signals & AttackSignals.OperatorName) != 0 ? _operatorName : 0);

    /// <summary>
    /// Keeps the largest weights, in falling order, one of a family: rules about the same kind of attack look for the
    /// same words in the same bytes, and how many of them do is how often they were written, not how sure they are.
    /// </summary>
    private static void Insert(Span<(double Weight, long Family)> strongest, double weight, long family)
    {
        for (var i = 0; i < strongest.Length; i++)
        {
            if (strongest[i].Family != family) continue;
            if (strongest[i].Weight >= weight) return;
            strongest[(i + 1)..].CopyTo(strongest[i..]);
            strongest[^1] = default;
            break;
        }

        for (var i = 0; i < strongest.Length; i++)
        {
            if (weight > strongest[i].Weight)
                ((weight, family), strongest[i]) = (strongest[i], (weight, family));
        }
    }

    private static bool IsRepeated(IReadOnlyList<RuleHit> hits, ReadOnlySpan<int> places, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (places[i] == places[index] && hits[i].RuleId == hits[index].RuleId
                && hits[i].Finding == hits[index].Finding) return true;
        }

        return false;
    }

    private static (long Rule, string Finding)? KeyOf(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var id = slash < 0 ? key : key[..slash];
        return long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var rule)
            ? (rule, slash < 0 ? "" : key[(slash + 1)..])
            : null;
    }

    private static double WeightOf(JointCalibration joint, string signal) =>
        joint.Signals.TryGetValue(signal, out var weight) && weight is > 0 and < WeightMax ? weight : 0;
}
