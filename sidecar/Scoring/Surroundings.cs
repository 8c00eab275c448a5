using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring;

/// <summary>
/// What rules found in long values, judged by what stands around it. A long text is met by chance, so beside the score
/// of the whole a match says little; with the score of its surroundings it says as much as in a short value, and
/// nothing that is written elsewhere changes that.
/// </summary>
internal readonly ref struct Surroundings(
    ValueScorer values, ScoringContext context, CanonicalRequest request, uint arms)
{
    /// <summary>
    /// Bytes on each side of where a match begins. As long as a value that is its own surroundings, so that whatever a
    /// short value held is there when it stands within a long one.
    /// </summary>
    public const int ReachBytes = 256;

    /// <summary>Matches that are judged so in one request; the others count beside the whole value.</summary>
    public const int MatchesMax = 16;

    private readonly ValueScorer _values = values;
    private readonly ScoringContext _context = context;
    private readonly CanonicalRequest _request = request;
    private readonly uint _arms = arms;

    /// <summary>Whether a match stands in a value that is longer than its surroundings, at a known place.</summary>
    public static bool IsInLong(in RuleHit hit, RuleEvidence rules) =>
        hit.At >= 0 && hit.Value.Length > rules.LengthFree;

    /// <summary>
    /// Leaves in the context's <c>PartBySet</c> the models' probability of what stands around a match.
    /// </summary>
    /// <returns>False where there is nothing to score.</returns>
    public bool Score(in RuleHit hit)
    {
        var raw = _request[hit.Value];
        var piece = LongValue.PieceAt(raw.Length, hit.At);
        var start = LongValue.PieceStart(raw.Length, piece);
        raw = raw[start..Math.Min(raw.Length, start + LongValue.PieceBytes)];
        _context.WorkLeft -= ScoringBudget.UnitsPerValue + raw.Length;
        // Rules looked at what their transformations left, which is nearer to the decoded text than to what was sent.
        var length = ValueNormalizer.Normalize(raw, _context.Value, out var flags);
        var at = Math.Clamp(hit.At - start, 0, length);
        var from = Math.Max(0, at - ReachBytes);
        var text = _context.Value.AsSpan(from, Math.Min(length, at + ReachBytes) - from);
        if (text.IsEmpty) return false;
        Array.Clear(_context.PartBySet);
        _values.Score(text, flags, _arms);
        return true;
    }
}
