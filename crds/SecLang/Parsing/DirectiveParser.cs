using System.Collections.Immutable;
using System.Globalization;

namespace WafOperator.SecLang;

/// <summary>
/// Turns a directive's name and arguments into its node. Null where it had to be left out; the bag then says why.
/// </summary>
internal static class DirectiveParser
{
    public static Directive? Parse(
        string name, List<string> arguments, SourceLocation location, SecLangLimits limits,
            DiagnosticBag bag) => name switch
        {
            "SecRule" => Rule(arguments, location, limits, bag),
            "SecAction" => new ActionDirective(location, ActionListParser.Parse(arguments[0], location, limits, bag)),
            "SecDefaultAction" =>
                new DefaultActionDirective(location, ActionListParser.Parse(arguments[0], location, limits, bag)),
            "SecMarker" => new MarkerDirective(location, arguments[0]),
            "SecRuleRemoveById" => RemoveById(arguments, location, bag),
            "SecRuleRemoveByTag" => RemoveBy(RuleSelectionKind.Tag, arguments[0], location),
            "SecRuleRemoveByMsg" => RemoveBy(RuleSelectionKind.Message, arguments[0], location),
            "SecRuleUpdateTargetById" or "SecRuleUpdateTargetByTag" or "SecRuleUpdateTargetByMsg" =>
                UpdateTargets(name, arguments, location, limits, bag),
            "SecRuleUpdateActionById" => UpdateActions(arguments, location, limits, bag),
            _ => SettingParser.Parse(name, arguments, location, bag),
        };

    /// <summary>Reads ids and ranges parted by spaces or commas.</summary>
    public static ImmutableArray<RuleIdRange>? ParseIds(string text)
    {
        var ranges = ImmutableArray.CreateBuilder<RuleIdRange>();
        foreach (var part in text.Split([' ', ',', '\t', '"'], StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var first = dash < 0 ? part : part[..dash];
            var last = dash < 0 ? part : part[(dash + 1)..];
            if (!TryId(first, out var low) || !TryId(last, out var high) || high < low)
            {
                return null;
            }

            ranges.Add(new RuleIdRange(low, high));
        }

        return ranges.Count == 0 ? null : ranges.ToImmutable();
    }

    private static bool TryId(string text, out long id) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out id);

    private static RuleDirective? Rule(
        List<string> arguments, SourceLocation location, SecLangLimits limits, DiagnosticBag bag)
    {
        var targets = TargetParser.Parse(arguments[0], location, limits, bag, out _);
        var call = OperatorParser.Parse(arguments[1], location, bag);
        ImmutableArray<ActionCall> actions = arguments.Count > 2
            ? ActionListParser.Parse(arguments[2], location, limits, bag)
            : [];
        if (call is null || targets.IsEmpty)
        {
            if (string.IsNullOrWhiteSpace(arguments[0]))
            {
                bag.Error(DiagnosticCodes.VariableSyntax, location, "The rule names no variable.");
            }

            return null;
        }

        return new RuleDirective(location, targets, call, actions);
    }

    private static RemoveRulesDirective? RemoveById(List<string> arguments, SourceLocation location, DiagnosticBag bag)
    {
        if (ParseIds(string.Join(' ', arguments)) is { } ids)
        {
            return new RemoveRulesDirective(location, new RuleSelection(RuleSelectionKind.Id, ids, ""));
        }

        bag.Error(DiagnosticCodes.Arguments, location,
            $"SecRuleRemoveById takes ids and ranges (942100 942110-942190), not '{string.Join(' ', arguments)}'.");
        return null;
    }

    private static RemoveRulesDirective RemoveBy(RuleSelectionKind kind, string pattern, SourceLocation location) =>
        new(location, new RuleSelection(kind, [], pattern));

    private static UpdateTargetsDirective? UpdateTargets(
        string name, List<string> arguments, SourceLocation location, SecLangLimits limits, DiagnosticBag bag)
    {
        var kind = name[^1] switch
        {
            'd' => RuleSelectionKind.Id,
            'g' when name.EndsWith("Tag", StringComparison.Ordinal) => RuleSelectionKind.Tag,
            _ => RuleSelectionKind.Message,
        };
        var ids = ImmutableArray<RuleIdRange>.Empty;
        if (kind == RuleSelectionKind.Id)
        {
            if (ParseIds(arguments[0]) is not { } parsed)
            {
                bag.Error(DiagnosticCodes.Arguments, location,
                    $"{name} takes an id or a range first, not '{arguments[0]}'.");
                return null;
            }

            ids = parsed;
        }

        var targets = TargetParser.Parse(arguments[1], location, limits, bag, out _);
        var selection = new RuleSelection(kind, ids, kind == RuleSelectionKind.Id ? "" : arguments[0]);
        return targets.IsEmpty
            ? null
            : new UpdateTargetsDirective(location, selection, targets, arguments.Count > 2 ? arguments[2] : null);
    }

    private static UpdateActionsDirective? UpdateActions(
        List<string> arguments, SourceLocation location, SecLangLimits limits, DiagnosticBag bag)
    {
        var parts = arguments[0].Split(':');
        var offset = 0;
        var isOffset = parts.Length == 1 || (parts.Length == 2
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out offset));
        if (!isOffset || !TryId(parts[0], out var id))
        {
            bag.Error(DiagnosticCodes.Arguments, location,
                $"SecRuleUpdateActionById takes an id first, not '{arguments[0]}'.");
            return null;
        }

        return new UpdateActionsDirective(
            location, id, offset, ActionListParser.Parse(arguments[1], location, limits, bag));
    }
}
