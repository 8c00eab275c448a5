using System.Collections.Immutable;
using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// Reads a list of actions: names parted by commas, each with an optional <c>:argument</c>, which may stand in single
/// quotes (then it may hold commas, and <c>\'</c> is a quote).
/// </summary>
internal static class ActionListParser
{
    public static ImmutableArray<ActionCall> Parse(
        string text, SourceLocation location, SecLangLimits limits, DiagnosticBag bag)
    {
        var actions = ImmutableArray.CreateBuilder<ActionCall>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && (text[at] == ',' || char.IsWhiteSpace(text[at])))
            {
                at++;
            }

            if (at == text.Length)
            {
                return actions.ToImmutable();
            }

            if (actions.Count == limits.ActionsPerRuleMax)
            {
                bag.Error(DiagnosticCodes.Limit, location, $"A rule may have {limits.ActionsPerRuleMax} actions.");
                return actions.ToImmutable();
            }

            if (ReadOne(text, ref at, location, bag) is { } action)
            {
                actions.Add(action);
            }
        }
    }

    private static ActionCall? ReadOne(string text, ref int at, SourceLocation location, DiagnosticBag bag)
    {
        var start = at;
        while (at < text.Length && text[at] is not (':' or ',' or '='))
        {
            at++;
        }

        var name = text[start..at].Trim();
        string? argument = null;
        if (at < text.Length && text[at] is (':' or '='))
        {
            at++;
            argument = ReadArgument(text, ref at);
            if (argument is null)
            {
                bag.Error(DiagnosticCodes.Quote, location, "A single quote in the actions is not closed.");
                return null;
            }
        }

        if (!ActionCatalogue.All.TryGetValue(name, out var info))
        {
            bag.Error(DiagnosticCodes.UnknownAction, location,
                $"There is no action '{name}'.{NearestName.Hint(name, ActionCatalogue.All.Keys)}");
            return null;
        }

        if (info.Argument == ActionArgument.Required && string.IsNullOrEmpty(argument))
        {
            bag.Error(DiagnosticCodes.ActionArgument, location,
                $"The action '{info.Name}' needs an argument: {info.Name}:….");
            return null;
        }

        if (info.Argument == ActionArgument.None && argument is not null)
        {
            bag.Warning(DiagnosticCodes.ActionArgument, location,
                $"The action '{info.Name}' takes no argument; '{argument}' is ignored.");
            argument = null;
        }

        return new ActionCall(info.Name, argument);
    }

    /// <summary>Null where a quotation is not closed.</summary>
    private static string? ReadArgument(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        if (at < text.Length && text[at] == '\'')
        {
            at++;
            var quoted = ReadQuoted(text, ref at);
            while (at < text.Length && text[at] != ',')
            {
                at++;
            }

            return quoted;
        }

        var content = new StringBuilder();
        while (at < text.Length && text[at] != ',')
        {
            if (text[at] == '\'' && content.Length > 0 && content[^1] == '=')
            {
                at++;
                if (ReadQuoted(text, ref at) is not { } quoted)
                {
                    return null;
                }

                content.Append(quoted);
                continue;
            }

            content.Append(text[at++]);
        }

        return content.ToString().Trim();
    }

    private static string? ReadQuoted(string text, ref int at)
    {
        var content = new StringBuilder();
        while (at < text.Length)
        {
            var c = text[at++];
            if (c == '\'')
            {
                return content.ToString();
            }

            if (c == '\\' && at < text.Length && text[at] == '\'')
            {
                c = text[at++];
            }

            content.Append(c);
        }

        return null;
    }
}
