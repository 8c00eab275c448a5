using System.Collections.Immutable;
using System.Globalization;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Walks a document: puts chains together, applies default actions, removals and updates, and collects settings and
/// markers. Removals and updates work on all rules of the document, wherever they stand, as in ModSecurity 3.
/// </summary>
internal sealed class DraftReader(EngineOptions options)
{
    private readonly List<RuleDraft> _heads = [];
    private readonly List<(string Name, int Before)> _markers = [];
    private readonly SettingsReader _settings = new(options);
    private readonly Dictionary<int, ImmutableArray<ActionCall>> _defaults = [];
    private RuleDraft? _openChain;

    /// <summary>Heads in order.</summary>
    public IReadOnlyList<RuleDraft> Heads => _heads;

    /// <summary>Markers: name, and how many heads stand before it.</summary>
    public IReadOnlyList<(string Name, int Before)> Markers => _markers;

    public EngineSettings Settings => _settings.ToSettings();

    public void Read(SecLangDocument document)
    {
        foreach (var directive in document.Directives)
        {
            switch (directive)
            {
                case RuleDirective rule:
                    Add(rule.Location, rule.Targets, rule.Operator, rule.Actions);
                    break;
                case ActionDirective action:
                    Add(action.Location, [], null, action.Actions);
                    break;
                case MarkerDirective marker:
                    _markers.Add((marker.Name, _heads.Count));
                    break;
                case DefaultActionDirective defaults:
                    _defaults[RuleFacts.Phase(defaults.Actions)] = defaults.Actions;
                    break;
                case SettingDirective setting:
                    _settings.Read(setting);
                    break;
            }
        }

        foreach (var directive in document.Directives)
        {
            Change(directive);
        }
    }

    private void Add(
        SourceLocation location, ImmutableArray<VariableTarget> targets, OperatorCall? call,
            ImmutableArray<ActionCall> actions)
    {
        var phase = _openChain?.Phase ?? RuleFacts.Phase(actions);
        var draft = new RuleDraft
        {
            Location = location,
            Targets = targets,
            Operator = call,
            Actions = actions,
            Phase = phase,
            Defaults = _defaults.GetValueOrDefault(phase, []),
        };
        if (_openChain is null)
        {
            _heads.Add(draft);
        }
        else
        {
            _openChain.Next = draft;
        }

        _openChain = RuleFacts.IsChained(actions) ? draft : null;
    }

    private void Change(Directive directive)
    {
        switch (directive)
        {
            case RemoveRulesDirective remove:
                var removed = new SelectionMatcher(remove.Selection);
                for (var i = _heads.Count - 1; i >= 0; i--)
                {
                    if (removed.Matches(_heads[i].Id, _heads[i].Tags, _heads[i].Message))
                    {
                        RemoveAt(i);
                    }
                }

                break;
            case UpdateTargetsDirective update:
                var updated = new SelectionMatcher(update.Selection);
                foreach (var draft in _heads.Where(draft => updated.Matches(draft.Id, draft.Tags, draft.Message)))
                {
                    UpdateTargets(draft, update);
                }

                break;
            case UpdateActionsDirective update:
                foreach (var draft in _heads.Where(draft => draft.Id == update.RuleId))
                {
                    UpdateActions(draft, update);
                }

                break;
        }
    }

    private void RemoveAt(int index)
    {
        _heads.RemoveAt(index);
        for (var i = 0; i < _markers.Count; i++)
        {
            if (_markers[i].Before > index)
            {
                _markers[i] = (_markers[i].Name, _markers[i].Before - 1);
            }
        }
    }

    private static void UpdateTargets(RuleDraft draft, UpdateTargetsDirective update)
    {
        if (update.Replaced is { } replaced)
        {
            var old = SecLangParser.ParseTargets(replaced, update.Location, new DiagnosticBag(1));
            draft.Targets = [.. draft.Targets.Where(target => !old.Contains(target)), .. update.Targets];
            return;
        }

        draft.Targets = [.. draft.Targets, .. update.Targets.Where(target => !draft.Targets.Contains(target))];
    }

    private static void UpdateActions(RuleDraft head, UpdateActionsDirective update)
    {
        var draft = head;
        for (var i = 0; i < update.ChainOffset && draft is not null; i++)
        {
            draft = draft.Next;
        }

        if (draft is null)
        {
            return;
        }

        var added = update.Actions.Where(action => action.Name is not ("id" or "phase" or "chain")).ToImmutableArray();
        draft.Actions = [.. draft.Actions.Where(old => !added.Any(action => Replaces(action, old))), .. added];
    }

    private static bool Replaces(ActionCall action, ActionCall old)
    {
        if (ActionCatalogue.All[action.Name].Kind == ActionKind.Disruptive)
        {
            return ActionCatalogue.All[old.Name].Kind == ActionKind.Disruptive;
        }

        return action.Name == old.Name
            && action.Name is (
                "t" or "msg" or "severity" or "status" or "logdata" or "rev" or "ver" or "maturity" or "accuracy"
                or "skip" or "skipAfter");
    }

    /// <summary>A whole number, or null.</summary>
    internal static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
