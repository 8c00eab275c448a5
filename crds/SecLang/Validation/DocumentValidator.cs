namespace WafOperator.SecLang;

/// <summary>
/// Checks what only shows across rules: ids, chains, jumps, and directives that change earlier rules.
/// </summary>
internal static class DocumentValidator
{
    public static void Validate(SecLangDocument document, SecLangLimits limits, DiagnosticBag bag)
    {
        var ids = new Dictionary<long, SourceLocation>();
        var markers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var directive in document.Directives)
        {
            if (directive is MarkerDirective marker)
            {
                markers.Add(marker.Name);
            }
            else if (RuleFacts.ActionsOf(directive) is { } all && RuleFacts.Id(all) is > 0 and var id)
            {
                markers.Add(id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        var chain = new ChainState(limits);
        foreach (var directive in document.Directives)
        {
            if (directive is MarkerDirective && chain.IsOpen)
            {
                chain.Break(directive, bag);
            }

            if (directive is DefaultActionDirective defaults)
            {
                RuleValidator.ValidateActions(defaults.Actions, defaults.Location, bag);
            }

            if (RuleFacts.ActionsOf(directive) is { } actions)
            {
                if (directive is ActionDirective)
                {
                    RuleValidator.ValidateActions(actions, directive.Location, bag);
                }

                ValidateId(actions, directive, chain.IsOpen, ids, bag);
                ValidateJump(actions, directive, markers, bag);
                chain.Next(actions, directive, bag);
            }
        }

        chain.End(bag);
        foreach (var directive in document.Directives)
        {
            ValidateReference(directive, ids, bag);
        }
    }

    private static void ValidateId(
        IReadOnlyList<ActionCall> actions, Directive directive, bool inChain, Dictionary<long, SourceLocation> ids,
        DiagnosticBag bag)
    {
        var id = RuleFacts.Id(actions);
        if (id == 0)
        {
            if (!inChain && !actions.Any(a => a.Name == "id"))
            {
                bag.Error(DiagnosticCodes.MissingId, directive.Location,
                    "A rule needs an id: id:NUMBER among its actions.");
            }

            return;
        }

        if (!ids.TryAdd(id, directive.Location))
        {
            bag.Error(DiagnosticCodes.DuplicateId, directive.Location,
                $"The id {id} is taken by the rule at {ids[id]}.", id);
        }
    }

    private static void ValidateJump(
        IReadOnlyList<ActionCall> actions, Directive directive, HashSet<string> markers, DiagnosticBag bag)
    {
        if (RuleFacts.Argument(actions, "skipAfter") is { } name && !markers.Contains(name))
        {
            bag.Warning(DiagnosticCodes.MissingMarker, directive.Location,
                $"There is no SecMarker '{name}': the jump skips all remaining rules of the phase.",
                    RuleFacts.Id(actions));
        }
    }

    private static void ValidateReference(Directive directive, Dictionary<long, SourceLocation> ids, DiagnosticBag bag)
    {
        var selection = directive switch
        {
            RemoveRulesDirective remove => remove.Selection,
            UpdateTargetsDirective update => update.Selection,
            _ => null,
        };
        var isMissing = directive is UpdateActionsDirective action
            ? !ids.ContainsKey(action.RuleId)
            : selection is { Kind: RuleSelectionKind.Id } && !ids.Keys.Any(selection.ContainsId);
        if (isMissing)
        {
            bag.Warning(DiagnosticCodes.MissingRule, directive.Location,
                "No rule has such an id, so the directive changes nothing.");
        }
    }

    private sealed class ChainState(SecLangLimits limits)
    {
        private int _length;
        private SourceLocation _head;

        public bool IsOpen { get; private set; }

        public void Next(IReadOnlyList<ActionCall> actions, Directive directive, DiagnosticBag bag)
        {
            if (IsOpen)
            {
                Check(actions, directive, bag);
                _length++;
            }
            else
            {
                _head = directive.Location;
                _length = 1;
            }

            IsOpen = RuleFacts.IsChained(actions);
            if (_length == limits.ChainLengthMax + 1)
            {
                bag.Error(DiagnosticCodes.Limit, directive.Location,
                    $"A chain may have {limits.ChainLengthMax} rules.");
            }
        }

        public void Break(Directive directive, DiagnosticBag bag)
        {
            bag.Error(DiagnosticCodes.Chain, directive.Location,
                $"The chain that starts at {_head} is not finished here.");
            IsOpen = false;
        }

        public void End(DiagnosticBag bag)
        {
            if (IsOpen)
            {
                bag.Error(DiagnosticCodes.Chain, _head,
                    "The last rule of the chain that starts here still says 'chain'.");
            }
        }

        private static void Check(IReadOnlyList<ActionCall> actions, Directive directive, DiagnosticBag bag)
        {
            foreach (var action in actions)
            {
                var kind = ActionCatalogue.All[action.Name].Kind;
                if (kind == ActionKind.Disruptive
                    && action.Name != "pass" || action.Name is "phase" or "skip" or "skipAfter")
                {
                    bag.Warning(DiagnosticCodes.Chain, directive.Location,
                        $"'{action.Name}' belongs to the first rule of a chain and is ignored in a later one.");
                }
            }
        }
    }
}
