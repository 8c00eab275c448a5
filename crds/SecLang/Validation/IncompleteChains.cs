using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>A directive whose text ends in the middle of a quotation. Only within a parse.</summary>
internal sealed record UnreadableDirective(SourceLocation Location) : Directive(Location);

/// <summary>
/// Leaves out chains that are not whole: half a chain would be another rule, that finds more or less than its author
/// wanted. Pure, but for what it reports.
/// </summary>
internal sealed class IncompleteChains
{
    private readonly List<Directive> _kept = [];
    private readonly DiagnosticBag _bag;

    /// <summary>Where in <see cref="_kept"/> the chain begins that is not finished yet, or -1.</summary>
    private int _open = -1;

    /// <summary>The file in which links of an unreadable rule may follow, or null.</summary>
    private string? _orphans;

    private IncompleteChains(DiagnosticBag bag) => _bag = bag;

    /// <summary>The directives without incomplete chains; each that is left out is a finding.</summary>
    public static ImmutableArray<Directive> LeaveOut(IEnumerable<Directive> directives, DiagnosticBag bag)
    {
        var chains = new IncompleteChains(bag);
        foreach (var directive in directives)
        {
            chains.Add(directive);
        }

        chains.Cut("the last of its rules still says 'chain'");
        return [.. chains._kept];
    }

    private void Add(Directive directive)
    {
        if (directive is UnreadableDirective)
        {
            Cut($"the rule at {directive.Location} cannot be read");
            _orphans = directive.Location.File;
            return;
        }

        if (directive is MarkerDirective)
        {
            Cut($"it is not finished before {directive.Location}");
        }

        if (RuleFacts.ActionsOf(directive) is not { } actions)
        {
            _kept.Add(directive);
            return;
        }

        var hasId = actions.Any(action => action.Name == "id");
        if (_orphans == directive.Location.File && !hasId)
        {
            _bag.Refused(DiagnosticCodes.Chain, directive.Location,
                "The rule has no id and follows one that cannot be read: it may be the next of its chain.");
            return;
        }

        _orphans = null;
        _kept.Add(directive);
        var start = _open >= 0 ? _open : _kept.Count - 1;
        _open = RuleFacts.IsChained(actions) ? start : -1;
    }

    private void Cut(string why)
    {
        if (_open < 0)
        {
            return;
        }

        var head = _kept[_open];
        _bag.Refused(DiagnosticCodes.Chain, head.Location, $"The chain is not whole: {why}.",
            RuleFacts.Id(RuleFacts.ActionsOf(head)!));
        var others = _kept.Skip(_open).Where(directive => RuleFacts.ActionsOf(directive) is null).ToList();
        _kept.RemoveRange(_open, _kept.Count - _open);
        _kept.AddRange(others);
        _open = -1;
    }
}
