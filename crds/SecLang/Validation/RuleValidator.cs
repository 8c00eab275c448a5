using System.Globalization;

namespace WafOperator.SecLang;

/// <summary>Checks one rule by itself: what it refuses, phases, operator and action arguments.</summary>
internal static class RuleValidator
{
    private static readonly string[] Severities =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

    public static void Validate(RuleDirective rule, DiagnosticBag bag)
    {
        var id = RuleFacts.Id(rule.Actions);
        foreach (var target in rule.Targets)
        {
            var info = VariableCatalogue.All[target.Variable];
            if (info.Support == Support.Refused)
            {
                bag.Refused(DiagnosticCodes.RefusedVariable, rule.Location,
                    $"{info.Name} is always empty: {info.Reason}.", id);
            }
        }

        ValidateOperator(rule, id, bag);
        ValidateActions(rule.Actions, rule.Location, bag);
    }

    public static void ValidateActions(
        IReadOnlyList<ActionCall> actions, SourceLocation location, DiagnosticBag bag)
    {
        var id = RuleFacts.Id(actions);
        foreach (var action in actions)
        {
            var info = ActionCatalogue.All[action.Name];
            if (info.Support == Support.Refused)
            {
                bag.Refused(DiagnosticCodes.RefusedAction, location,
                    $"The action '{info.Name}' is left out: {info.Reason}.", id);
            }

            ValidateArgument(action, location, id, bag);
        }
    }

    private static void ValidateOperator(RuleDirective rule, long id, DiagnosticBag bag)
    {
        var info = OperatorCatalogue.All[rule.Operator.Name];
        if (info.Support == Support.Refused)
        {
            bag.Refused(DiagnosticCodes.RefusedOperator, rule.Location, $"@{info.Name} never matches: {info.Reason}.",
                id);
            return;
        }

        var argument = rule.Operator.Argument;
        var problem = info.Argument switch
        {
            OperatorArgument.Number when !argument.Contains("%{", StringComparison.Ordinal)
                && !long.TryParse(argument.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                    out _) =>
                $"@{info.Name} compares with a whole number; '{argument}' counts as 0.",
            OperatorArgument.Files or OperatorArgument.Addresses or OperatorArgument.ByteRanges
                when argument.Length == 0 => $"@{info.Name} needs an argument.",
            _ => null,
        };
        if (problem is null)
        {
            return;
        }

        if (info.Argument == OperatorArgument.Number)
        {
            bag.Warning(DiagnosticCodes.OperatorArgument, rule.Location, problem, id);
            return;
        }

        bag.Error(DiagnosticCodes.OperatorArgument, rule.Location, problem, id);
    }

    private static void ValidateArgument(ActionCall action, SourceLocation location, long id, DiagnosticBag bag)
    {
        var argument = action.Argument ?? "";
        switch (action.Name)
        {
            case "t" when !TransformationCatalogue.All.ContainsKey(argument):
                bag.Error(DiagnosticCodes.UnknownTransformation, location,
                    $"There is no transformation '{argument}'."
                    + NearestName.Hint(argument, TransformationCatalogue.All.Keys), id);
                break;
            case "id" when id <= 0:
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"A rule's id is a whole number above 0, not '{argument}'.");
                break;
            case "phase" when RuleFacts.ParsePhase(argument) is null:
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"A phase is 1 to 5, 'request', 'response' or 'logging', not '{argument}'.", id);
                break;
            case "severity" when !IsSeverity(argument):
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"A severity is 0 to 7 or one of {string.Join(", ", Severities)}, not '{argument}'.", id);
                break;
            case "status" or "skip" when !int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture,
                out _):
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"'{action.Name}' takes a number, not '{argument}'.", id);
                break;
            case "ctl":
                ValidateCtl(argument, location, id, bag);
                break;
            case "initcol" or "expirevar" or "deprecatevar" when !argument.Contains('=', StringComparison.Ordinal):
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"'{action.Name}' takes name=value, not '{argument}'.", id);
                break;
            case "setvar" when !argument.Contains('.', StringComparison.Ordinal) && !argument.Contains(':',
                StringComparison.Ordinal):
                bag.Error(DiagnosticCodes.ActionArgument, location,
                    $"'setvar' takes collection.name[=value], not '{argument}'.", id);
                break;
        }
    }

    private static void ValidateCtl(string argument, SourceLocation location, long id, DiagnosticBag bag)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = (equals < 0 ? argument : argument[..equals]).Trim();
        if (!ActionCatalogue.CtlSettings.Contains(name))
        {
            bag.Error(DiagnosticCodes.ActionArgument, location,
                $"'ctl' knows no '{name}'.{NearestName.Hint(name, ActionCatalogue.CtlSettings)}", id);
            return;
        }

        var value = equals < 0 ? "" : argument[(equals + 1)..].Trim();
        if (value.Length == 0)
        {
            bag.Error(DiagnosticCodes.ActionArgument, location, $"'ctl:{name}' needs a value: ctl:{name}=….", id);
        }
    }

    private static bool IsSeverity(string argument) =>
        Severities.Contains(argument, StringComparer.OrdinalIgnoreCase)
        || (argument.Length == 1 && argument[0] is >= '0' and <= '7')
        || argument.Contains("%{", StringComparison.Ordinal);
}
