using System.Text;
using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Variables;
using WafOperator.Http;

namespace WafOperator.Engine;

/// <content>
/// What rules found in which value, and the anomaly score by class of rule: what a verdict needs that does not come
/// from
/// rules alone.
/// </content>
public sealed partial class Transaction
{
    private const int LevelMax = 4;

    private readonly List<RuleHit> _hits = [];
    private readonly long[] _standing = new long[LevelMax + 1];

    /// <summary>
    /// Set before phase 1: rules that compare the anomaly score of a request with its threshold and deny
    /// (949110 of OWASP CRS) do not interrupt, what they say is <see cref="ScoreJudgement"/>, and the rules behind
    /// them are evaluated as well. Every other disruptive action interrupts as ever.
    /// </summary>
    public bool DefersScore { get; set; }

    /// <summary>
    /// What the score's own rule would have done, where <see cref="DefersScore"/>; null while it is satisfied.
    /// </summary>
    public Interruption? ScoreJudgement { get; private set; }

    /// <summary>Values in which rules about attacks found something, in order; phases 1 and 2.</summary>
    public IReadOnlyList<RuleHit> Hits => _hits;

    /// <summary>Finds beyond EngineLimits.HitsMax.</summary>
    public int DroppedHits { get; private set; }

    /// <summary>
    /// The share of the anomaly score that is of <see cref="RuleClass.Standing"/> rules, of the paranoia levels
    /// that may
    /// block.
    /// </summary>
    public long StandingScore
    {
        get
        {
            var paranoia = Math.Max(ReadNumber("paranoia_level") ?? 0, ReadNumber("blocking_paranoia_level") ?? 0);
            var sum = _standing[0];
            for (var level = 1; level <= LevelMax; level++)
                sum += paranoia == 0 || level <= paranoia ? _standing[level] : 0;
            return sum;
        }
    }

    private void NoteHit(CompiledRule head, VariableId variable, in Value value)
    {
        var isOfRequest = value.Bytes is { Origin: Origin.Request, Length: > 0 };
        if (!isOfRequest && !VariableNames.IsStatic(variable)) return;
        var hit = new RuleHit(
            head.Id, _match.Computed is { } found ? Encoding.ASCII.GetString(Memory[found]) : null,
            isOfRequest ? PlaceOf(variable) : HitPlace.Request, isOfRequest ? value.Bytes.Slice : default,
            _match.GroupCount > 0 && _match.Computed is null ? _match.Groups[0].Offset : -1);
        for (var i = _hits.Count - 1; i >= 0 && _hits[i].RuleId == head.Id; i--)
        {
            if (_hits[i].Value == hit.Value && _hits[i].Place == hit.Place && _hits[i].Finding == hit.Finding) return;
        }

        if (_hits.Count < _parts.Options.Limits.HitsMax) _hits.Add(hit);
        else DroppedHits++;
    }

    private static HitPlace PlaceOf(VariableId variable) => variable switch
    {
        <= VariableId.FilesTmpContent or VariableId.XmlAttributes => HitPlace.Part,
        VariableId.RequestFileName or VariableId.MatchedVars or VariableId.MatchedVar => HitPlace.Part,
        VariableId.RequestLine or VariableId.RequestUri or VariableId.RequestUriRaw or VariableId.RequestBaseName
            or VariableId.QueryString or VariableId.PathInfo => HitPlace.Uri,
        VariableId.RequestBody or VariableId.FullRequest or VariableId.XmlContent or VariableId.MultipartPartHeaders
            or VariableId.MultipartFileName or VariableId.MultipartName => HitPlace.Body,
        _ => HitPlace.Request,
    };

    private long ScoreOf(CompiledRule rule)
    {
        long sum = 0;
        foreach (var score in rule.Scores) sum += Tx.Number(score.Slot);
        return sum;
    }

    /// <summary>What the rule added since it began; of rules with one level, as those of CRS are.</summary>
    private void CountScore(CompiledRule rule, long before) =>
        _standing[rule.Scores[0].Level] += ScoreOf(rule) - before;

    private void ResetEvidence()
    {
        _hits.Clear();
        Array.Clear(_standing);
        DroppedHits = 0;
        ScoreJudgement = null;
        DefersScore = false;
    }
}
