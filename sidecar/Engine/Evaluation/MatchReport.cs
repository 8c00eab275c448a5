using System.Collections.Immutable;
using System.Text;
using WafOperator.Engine.Program;
using WafOperator.Engine.Transformations;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// What came of the rules of one transaction: which matched and what is to be reported of it, what was found in which
/// value, the anomaly score by class of rule, and the decision. One per transaction, reused.
/// </summary>
internal sealed class MatchReport(Workspace work, VariableReader reader)
{
    private const int LevelMax = 4;

    private readonly List<MatchedRule> _matches = [];
    private readonly List<long> _matchedIds = [];
    private readonly List<RuleHit> _hits = [];
    private readonly long[] _standing = new long[LevelMax + 1];
    private readonly HashSet<string> _sanitized = new(StringComparer.OrdinalIgnoreCase);
    private Text _message;
    private Text _data;

    public IReadOnlyList<MatchedRule> Matches => _matches;

    public IReadOnlyList<long> MatchedIds => _matchedIds;

    public IReadOnlyList<RuleHit> Hits => _hits;

    public IReadOnlyCollection<string> Sanitized => _sanitized;

    public int DroppedMatches { get; private set; }

    public int DroppedHits { get; private set; }

    public Interruption? Interruption { get; private set; }

    public Interruption? ScoreJudgement { get; private set; }

    public bool DefersScore { get; set; }

    public IMatchReview? Review { get; set; }

    /// <summary>Whether rules of phases 1 to 4 are done with.</summary>
    public bool IsDecided => Interruption is { IsEnforced: true };

    /// <summary>
    /// The share of the anomaly score that is of <see cref="RuleClass.Standing"/> rules, of the paranoia levels up to
    /// one; of all levels where it is 0.
    /// </summary>
    public long StandingScore(long paranoia)
    {
        var sum = _standing[0];
        for (var level = 1; level <= LevelMax; level++)
            sum += paranoia == 0 || level <= paranoia ? _standing[level] : 0;
        return sum;
    }

    /// <summary>Takes over what matched before the request came (<see cref="PreparedStart"/>).</summary>
    public void Restore(ImmutableArray<long> matchedIds) => _matchedIds.AddRange(matchedIds.AsSpan());

    public void Sanitize(string name) => _sanitized.Add(name);

    /// <summary>A chain begins.</summary>
    public void ClearTexts() => _message = _data = Text.Empty;

    /// <summary>
    /// Expands a link's texts, once all its values are tested and before the next link runs: they speak about its
    /// last match.
    /// </summary>
    public void ExpandTexts(CompiledRule rule)
    {
        if (rule.Message is not null)
        {
            _message = reader.Expand(rule.Message);
        }

        if (rule.Data is not null && (rule.IsLogged || rule.IsAudited))
        {
            _data = reader.Expand(rule.Data);
        }
    }

    /// <summary>The whole chain matched.</summary>
    public void Add(CompiledRule rule)
    {
        _matchedIds.Add(rule.Id);
        if (rule.Severity != RuleSeverity.None)
        {
            work.HighestSeverity = Math.Min(work.HighestSeverity, (int)rule.Severity);
        }

        if (rule.IsLogged || rule.IsAudited)
        {
            Report(rule);
        }
    }

    /// <summary>
    /// What a disruptive rule brings about; nothing where something was decided before, or in phase 5.
    /// </summary>
    public void Decide(CompiledRule rule, int phase)
    {
        if (Interruption is not null || phase == 5)
        {
            return;
        }

        var action = rule.Disruption switch
        {
            Disruption.Drop => InterruptionAction.Drop,
            Disruption.Redirect => InterruptionAction.Redirect,
            _ => InterruptionAction.Deny,
        };
        var interruption = new Interruption(
            action, rule.Status, rule.Id, rule.Phase,
            rule.RedirectUrl is null ? null : ToText(reader.Expand(rule.RedirectUrl)),
            _message.IsEmpty ? null : ToText(_message), work.Mode == EngineMode.On);
        if (rule.JudgesScore && DefersScore)
        {
            ScoreJudgement ??= interruption;
            return;
        }

        Interruption = interruption;
    }

    /// <summary>Whoever is asked takes note of what a rule about attacks found, and it is no match.</summary>
    public bool IsOnlyNoted(CompiledRule head, in Value value) =>
        Review is { } review && value.Bytes is { Origin: Origin.Request, Length: > 0 }
        && review.IsOnlyNoted(head.Id, head.TagTexts, value.Bytes.Slice);

    /// <summary>A rule about attacks found something in a value.</summary>
    public void NoteHit(CompiledRule head, VariableId variable, in Value value, MatchState match)
    {
        var isOfRequest = value.Bytes is { Origin: Origin.Request, Length: > 0 };
        if (!isOfRequest && !VariableNames.IsStatic(variable)) return;
        var hit = new RuleHit(
            head.Id, match.Computed is { } found ? Encoding.ASCII.GetString(work.Memory[found]) : null,
            isOfRequest ? PlaceOf(variable) : HitPlace.Request, isOfRequest ? value.Bytes.Slice : default,
            match.GroupCount > 0 && match.Computed is null ? match.Groups[0].Offset : -1);
        for (var i = _hits.Count - 1; i >= 0 && _hits[i].RuleId == head.Id; i--)
        {
            if (_hits[i].Value == hit.Value && _hits[i].Place == hit.Place && _hits[i].Finding == hit.Finding) return;
        }

        if (_hits.Count < work.Parts.Options.Limits.HitsMax) _hits.Add(hit);
        else DroppedHits++;
    }

    /// <summary>Hits so far, to be given to <see cref="ForgetHits"/>.</summary>
    public (int Kept, int Dropped) MarkHits() => (_hits.Count, DroppedHits);

    /// <summary>What the first links of a chain found is no evidence when the last one disagrees.</summary>
    public void ForgetHits((int Kept, int Dropped) mark)
    {
        if (_hits.Count > mark.Kept)
        {
            _hits.RemoveRange(mark.Kept, _hits.Count - mark.Kept);
        }

        DroppedHits = mark.Dropped;
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

    /// <summary>The sum of the anomaly scores that a rule adds to, now.</summary>
    public long ScoreOf(CompiledRule rule)
    {
        long sum = 0;
        foreach (var score in rule.Scores) sum += work.Tx.Number(score.Slot);
        return sum;
    }

    /// <summary>What the rule added since it began; of rules with one level, as those of CRS are.</summary>
    public void CountScore(CompiledRule rule, long before) =>
        _standing[rule.Scores[0].Level] += ScoreOf(rule) - before;

    public void Reset()
    {
        _matches.Clear();
        _matchedIds.Clear();
        _hits.Clear();
        _sanitized.Clear();
        Array.Clear(_standing);
        DroppedMatches = DroppedHits = 0;
        Interruption = ScoreJudgement = null;
        DefersScore = false;
        Review = null;
    }

    private void Report(CompiledRule rule)
    {
        if (_matches.Count >= work.Parts.Options.Limits.MatchesMax)
        {
            DroppedMatches++;
            return;
        }

        var last = work.Matched.Last;
        var variable = work.Matched.Count == 0 ? "" : ToText(reader.NameOf(work.Matched.Variable, last));
        var value = work.Matched.Count == 0 ? "" : ToText(last.Bytes);
        var hidden = _sanitized.Count > 0 && work.Matched.Count > 0 && _sanitized.Contains(ToText(last.Name));
        _matches.Add(new MatchedRule(
            rule.Id, rule.Phase, rule.Severity, ToText(_message), hidden ? "" : ToText(_data), ExpandTags(rule),
                variable,
            hidden ? "" : value, rule.Location.File, rule.Location.Line, rule.Version, rule.Revision, rule.Maturity,
            rule.Accuracy, rule.Disruption is Disruption.Deny or Disruption.Drop or Disruption.Redirect,
                rule.IsLogged));
    }

    private ImmutableArray<string> ExpandTags(CompiledRule rule)
    {
        var tags = ImmutableArray.CreateBuilder<string>(rule.Tags.Length);
        for (var i = 0; i < rule.Tags.Length; i++)
        {
            tags.Add(rule.Tags[i].IsConstant ? rule.TagTexts[i] : ToText(reader.Expand(rule.Tags[i])));
        }

        return tags.MoveToImmutable();
    }

    private string ToText(Text text)
    {
        var bytes = work.Memory[text];
        return Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, work.Parts.Options.Limits.MatchDataBytesMax)]);
    }
}
