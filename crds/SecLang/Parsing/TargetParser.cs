using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>
/// Reads a rule's variables: <c>ARGS|!ARGS:foo|&amp;ARGS|TX:/^a|b/|XML:/*</c>. A selector is a name, a pattern between
/// slashes (which may hold <c>|</c>), or either of them in single quotes.
/// </summary>
internal static class TargetParser
{
    public static ImmutableArray<VariableTarget> Parse(
        string text, SourceLocation location, SecLangLimits limits, DiagnosticBag bag, out bool refused)
    {
        var targets = ImmutableArray.CreateBuilder<VariableTarget>();
        refused = false;
        foreach (var part in Split(text))
        {
            if (targets.Count == limits.VariablesPerRuleMax)
            {
                bag.Error(DiagnosticCodes.Limit, location, $"A rule may name {limits.VariablesPerRuleMax} variables.");
                break;
            }

            if (ParseOne(part, location, bag, ref refused) is { } target)
            {
                targets.Add(target);
            }
        }

        return targets.ToImmutable();
    }

    private static VariableTarget? ParseOne(string part, SourceLocation location, DiagnosticBag bag, ref bool refused)
    {
        var mode = part.Length > 0 ? part[0] switch
        {
            '!' => TargetMode.Exclusion,
            '&' => TargetMode.Count,
            _ => TargetMode.Values,
        } : TargetMode.Values;
        var body = mode == TargetMode.Values ? part : part[1..].TrimStart();
        var colon = body.IndexOfAny([':', '.']);
        var name = (colon < 0 ? body : body[..colon]).Trim();
        var selector = colon < 0 ? null : body[(colon + 1)..].Trim();
        if (name.Length == 0)
        {
            bag.Error(DiagnosticCodes.VariableSyntax, location, $"'{part}' names no variable.");
            return null;
        }

        if (!VariableCatalogue.All.TryGetValue(name, out var info))
        {
            bag.Error(DiagnosticCodes.UnknownVariable, location,
                $"There is no variable '{name}'.{NearestName.Hint(name, VariableCatalogue.All.Keys)}");
            return null;
        }

        if (info.Support == Support.Refused)
        {
            refused = true;
        }

        if (string.IsNullOrEmpty(selector))
        {
            return new VariableTarget(info.Name, mode, SelectorKind.None, "");
        }

        if (!info.IsCollection)
        {
            bag.Error(DiagnosticCodes.VariableSyntax, location,
                $"{info.Name} is a single value and takes no ':{selector}'.");
            return null;
        }

        var (kind, text) = ReadSelector(info.Name, selector);
        return new VariableTarget(info.Name, mode, kind, text);
    }

    private static (SelectorKind Kind, string Text) ReadSelector(string variable, string selector)
    {
        if (selector.Length >= 2 && selector[0] == '\'' && selector[^1] == '\'')
        {
            selector = selector[1..^1];
        }

        if (variable == "XML")
        {
            return (SelectorKind.XPath, selector);
        }

        return selector.Length >= 2 && selector[0] == '/' && selector[^1] == '/'
            ? (SelectorKind.Regex, selector[1..^1].Replace("\\/", "/", StringComparison.Ordinal))
            : (SelectorKind.Name, selector);
    }

    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var at = 0; at <= text.Length; at++)
        {
            if (at == text.Length || text[at] is '|' or ',')
            {
                var part = text[start..at].Trim();
                if (part.Length > 0 || at < text.Length)
                {
                    yield return part;
                }

                start = at + 1;
            }
            else if (text[at] == ':' && at + 1 < text.Length)
            {
                at = SkipSelector(text, start, at + 1) - 1;
            }
        }
    }

    /// <summary>The place after a selector that starts at <paramref name="at"/>.</summary>
    private static int SkipSelector(string text, int start, int at)
    {
        var isXml = text.AsSpan(start).TrimStart("!& \t").StartsWith("XML:", StringComparison.OrdinalIgnoreCase);
        if (text[at] == '\'')
        {
            var close = text.IndexOf('\'', at + 1);
            return close < 0 ? text.Length : close + 1;
        }

        if (text[at] != '/' || isXml)
        {
            return at;
        }

        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '/')
            {
                return i + 1;
            }
        }

        return text.Length;
    }
}
