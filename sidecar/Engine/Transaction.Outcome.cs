using System.Collections.Immutable;
using System.Text;
using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine;

/// <content>What follows from a match: captures, actions, reports, decisions.</content>
public sealed partial class Transaction
{
    private readonly HashSet<string> _sanitized = new(StringComparer.OrdinalIgnoreCase);
    private Text _message;
    private Text _data;
    private int _highestSeverity;

    internal int HighestSeverity => _highestSeverity;

    internal MatchList Matched => _matched;

    internal void Sanitize(string name) => _sanitized.Add(name);

    private void OnMatch(CompiledRule rule, VariableId variable, in Value value)
    {
        Meter.Spend(StepMeter.Match);
        if (variable != VariableId.None)
        {
            if (rule.Captures)
            {
                StoreCaptures(value.Bytes);
            }

            _matched.Add(variable, value);
        }

        foreach (var action in rule.Actions)
        {
            action.Execute(this, rule);
        }
    }

    /// <summary>
    /// Expands a link's texts, once all its values are tested and before the next link runs: they speak about its
    /// last match.
    /// </summary>
    private void ExpandTexts(CompiledRule rule)
    {
        if (rule.Message is not null)
        {
            _message = Expand(rule.Message);
        }

        if (rule.Data is not null && (rule.IsLogged || rule.IsAudited))
        {
            _data = Expand(rule.Data);
        }
    }

    private void StoreCaptures(Text tested)
    {
        for (var i = 0; i < MatchState.GroupsMax; i++)
        {
            if (i < _match.GroupCount && _match.Groups[i].Length >= 0)
            {
                var group = _match.Groups[i];
                Tx.SetText(i, tested.Sub(group.Offset, group.Length));
            }
            else if (Tx.IsSet(i))
            {
                Tx.Unset(i);
            }
        }

        if (_match.Computed is { } computed)
        {
            Tx.SetText(0, computed);
        }
    }

    /// <summary>The whole chain matched: report and decide.</summary>
    private void Finish(CompiledRule rule)
    {
        _matchedIds.Add(rule.Id);
        if (rule.Severity != RuleSeverity.None)
        {
            _highestSeverity = Math.Min(_highestSeverity, (int)rule.Severity);
        }

        if (rule.IsLogged || rule.IsAudited)
        {
            Report(rule);
        }

        switch (rule.Disruption)
        {
            case Disruption.Allow or Disruption.AllowPhase or Disruption.AllowRequest when Mode == EngineMode.On:
                _allowed = rule.Disruption switch
                {
                    Disruption.AllowPhase => Allowance.Phase,
                    Disruption.AllowRequest => Allowance.Request,
                    _ => Allowance.All,
                };
                break;
            case Disruption.Deny or Disruption.Drop or Disruption.Redirect:
                Decide(rule);
                break;
        }
    }

    private void Decide(CompiledRule rule)
    {
        if (Interruption is not null || _phase == 5)
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
            rule.RedirectUrl is null ? null : ToText(Expand(rule.RedirectUrl)),
            _message.IsEmpty ? null : ToText(_message), Mode == EngineMode.On);
        if (rule.JudgesScore && DefersScore)
        {
            ScoreJudgement ??= interruption;
            return;
        }

        Interruption = interruption;
    }

    private void Report(CompiledRule rule)
    {
        if (_matches.Count >= _parts.Options.Limits.MatchesMax)
        {
            DroppedMatches++;
            return;
        }

        var last = _matched.Last;
        var variable = _matched.Count == 0 ? "" : ToText(VariableName(_matched.Variable, last));
        var value = _matched.Count == 0 ? "" : ToText(last.Bytes);
        var hidden = _sanitized.Count > 0 && _matched.Count > 0 && _sanitized.Contains(ToText(last.Name));
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
            tags.Add(rule.Tags[i].IsConstant ? rule.TagTexts[i] : ToText(Expand(rule.Tags[i])));
        }

        return tags.MoveToImmutable();
    }

    private string ToText(Text text)
    {
        var bytes = Memory[text];
        return Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, _parts.Options.Limits.MatchDataBytesMax)]);
    }
}
