using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace WafOperator.SecLang;

/// <summary>Writes a tree as SecLang text. Parsing that text gives the same tree, places in files aside.</summary>
public static class SecLangPrinter
{
    private static readonly SearchValues<char> SelectorSpecials = SearchValues.Create("|, \t'/");

    /// <summary>The text of a document, one directive per line, byte-per-char.</summary>
    public static string Print(SecLangDocument document)
    {
        var output = new StringBuilder();
        foreach (var directive in document.Directives)
        {
            output.Append(Print(directive)).Append('\n');
        }

        return output.ToString();
    }

    /// <summary>The text of one directive.</summary>
    public static string Print(Directive directive) => directive switch
    {
        RuleDirective rule => Line("SecRule", Targets(rule.Targets), Operator(rule.Operator), Actions(rule.Actions)),
        ActionDirective action => Line("SecAction", Actions(action.Actions) ?? ""),
        DefaultActionDirective action => Line("SecDefaultAction", Actions(action.Actions) ?? ""),
        MarkerDirective marker => Line("SecMarker", marker.Name),
        RemoveRulesDirective remove => Line("SecRuleRemoveBy" + Suffix(remove.Selection.Kind),
            Selection(remove.Selection)),
        UpdateTargetsDirective update => Line(
            "SecRuleUpdateTargetBy" + Suffix(update.Selection.Kind), Selection(update.Selection),
            Targets(update.Targets), update.Replaced),
        UpdateActionsDirective update => Line("SecRuleUpdateActionById", Position(update),
            Actions(update.Actions) ?? ""),
        SettingDirective setting => Line(setting.Name, [.. setting.Arguments]),
        _ => throw new ArgumentException("A directive of an unknown kind.", nameof(directive)),
    };

    /// <summary>The text of one variable.</summary>
    public static string Print(VariableTarget target)
    {
        var prefix = target.Mode switch
        {
            TargetMode.Count => "&",
            TargetMode.Exclusion => "!",
            _ => "",
        };
        return target.SelectorKind switch
        {
            SelectorKind.None => prefix + target.Variable,
            SelectorKind.Regex =>
                $"{prefix}{target.Variable}:'/{target.Selector.Replace("/", "\\/", StringComparison.Ordinal)}/'",
            _ => $"{prefix}{target.Variable}:{QuoteSelector(target.Selector)}",
        };
    }

    private static string QuoteSelector(string selector) =>
        selector.AsSpan().IndexOfAny(SelectorSpecials) >= 0 && !selector.Contains('\'', StringComparison.Ordinal)
            ? $"'{selector}'"
            : selector;

    private static string Line(string name, params string?[] arguments)
    {
        var line = new StringBuilder(name);
        foreach (var argument in arguments)
        {
            if (argument is not null)
            {
                line.Append(' ').Append(Quote(argument));
            }
        }

        // A backslash at the end would join the next line: another one joins an empty one.
        return line[^1] == '\\' ? line.Append("\\\n").ToString() : line.ToString();
    }

    private static string Quote(string argument)
    {
        string[] forms = [Quoted(argument, '"'), Quoted(argument, '\''), argument];
        foreach (var form in forms)
        {
            if (ArgumentReader.TryRead("x " + form, out _, out var read) && read.Count == 1 && read[0] == argument)
            {
                return form;
            }
        }

        return forms[0];
    }

    private static string Quoted(string argument, char quote) =>
        quote + argument.Replace(quote.ToString(), "\\" + quote, StringComparison.Ordinal) + quote;

    private static string Suffix(RuleSelectionKind kind) => kind switch
    {
        RuleSelectionKind.Id => "Id",
        RuleSelectionKind.Tag => "Tag",
        _ => "Msg",
    };

    private static string Selection(RuleSelection selection) => selection.Kind == RuleSelectionKind.Id
        ? string.Join(' ',
            selection.Ids.Select(r => r.First == r.Last ? Text(r.First) : Text(r.First) + "-" + Text(r.Last)))
        : selection.Pattern;

    private static string Position(UpdateActionsDirective update) =>
        update.ChainOffset == 0 ? Text(update.RuleId) : Text(update.RuleId) + ":" + Text(update.ChainOffset);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Targets(ImmutableArray<VariableTarget> targets) => string.Join('|', targets.Select(Print));

    private static string Operator(OperatorCall call) =>
        (call.Negated ? "!@" : "@") + call.Name + (call.Argument.Length == 0 ? "" : " " + Argument(call));

    private static string Argument(OperatorCall call) =>
        OperatorCatalogue.All.TryGetValue(call.Name, out var info) && info.Argument == OperatorArgument.Pattern
            ? Backslashes.Write(call.Argument)
            : call.Argument;

    private static string? Actions(ImmutableArray<ActionCall> actions) => actions.IsEmpty
        ? null
        : string.Join(',', actions.Select(Action));

    private static string Action(ActionCall action)
    {
        if (action.Argument is null)
        {
            return action.Name;
        }

        if (action.Argument.EndsWith('\\'))
        {
            return $"{action.Name}:{BeforeSpace(action.Argument)} ";
        }

        var plain = action.Argument.AsSpan().IndexOfAny(", '\t") < 0 && action.Argument.Length > 0;
        return plain
            ? $"{action.Name}:{action.Argument}"
            : $"{action.Name}:'{action.Argument.Replace("'", "\\'", StringComparison.Ordinal)}'";
    }

    /// <summary>
    /// The form without quotes around it, for what ends with a backslash: a quote behind that would not close, the
    /// space that the caller puts there is not read. Commas are in such an argument only where a part of it was
    /// quoted, behind an equals sign.
    /// </summary>
    private static string BeforeSpace(string argument)
    {
        var comma = argument.LastIndexOf(',');
        var sign = comma < 0 ? -1 : argument.LastIndexOf('=', comma);
        if (sign < 0)
        {
            return argument;
        }

        var end = comma + 1;
        var quoted = argument[(sign + 1)..end].Replace("'", "\\'", StringComparison.Ordinal);
        return $"{argument[..(sign + 1)]}'{quoted}'{argument[end..]}";
    }
}
