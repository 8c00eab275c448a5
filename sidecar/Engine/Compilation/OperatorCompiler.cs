using System.Text;
using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Turns a rule's operator into something that runs. Equal calls of a pattern or a list of phrases share one.
/// </summary>
internal sealed class OperatorCompiler(SecLangDocument document, MacroCompiler macros, DiagnosticBag bag)
{
    private readonly Dictionary<(string Name, string Argument), RuleOperator> _known = [];

    /// <summary>Null where the operator is refused or its argument cannot be read; the bag says so.</summary>
    public RuleOperator? Compile(OperatorCall call, SourceLocation location, long id)
    {
        if (OperatorCatalogue.All[call.Name].Support == Support.Refused)
        {
            return null;
        }

        var key = (call.Name, call.Argument);
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var (compiled, problem) = Create(call);
        if (compiled is null)
        {
            bag.Error(DiagnosticCodes.OperatorArgument, location, $"@{call.Name}: {problem}", id);
            return null;
        }

        _known.Add(key, compiled);
        return compiled;
    }

    private (RuleOperator? Operator, string? Problem) Create(OperatorCall call)
    {
        var argument = call.Argument;
        switch (call.Name)
        {
            case "rx" or "rxGlobal":
                return Regex(argument, call.Name == "rxGlobal");
            case "pm":
                return Phrases(Words(argument).Select(PhraseSyntax.Read));
            case "pmFromFile" or "pmf":
                return Phrases(Entries(argument).Select(Encoding.Latin1.GetBytes));
            case "ipMatch":
                return Addresses(argument.Split(',', StringSplitOptions.RemoveEmptyEntries));
            case "ipMatchFromFile" or "ipMatchF":
                return Addresses(Entries(argument));
            case "eq" or "ge" or "gt" or "le" or "lt":
                return (new NumberOperator(Relation(call.Name), macros.Compile(argument)), null);
            case "validateByteRange":
                return ValidateByteRange.Parse(argument) is { } set
                    ? (new ValidateByteRange(set), null)
                    : (null, $"'{argument}' is not a list of byte values and ranges (1-255).");
            case "verifyCC" or "verifySSN" or "verifyCPF" or "verifySVNR":
                var (pattern, problem) = Regex(argument, isGlobal: false);
                return pattern is RegexOperator regex ? (new CheckDigits(regex, Check(call.Name)), null)
                    : (null, problem ?? "macros cannot be used here.");
            default:
                return (Plain(call), null);
        }
    }

    private RuleOperator Plain(OperatorCall call)
    {
        var macro = macros.Compile(call.Argument);
        var bytes = Encoding.Latin1.GetBytes(call.Argument);
        return call.Name switch
        {
            "contains" => new Contains(macro, bytes),
            "containsWord" => new ContainsWord(macro, bytes),
            "beginsWith" => new BeginsWith(macro, bytes),
            "endsWith" => new EndsWith(macro, bytes),
            "streq" => new StrEq(macro, bytes),
            "strmatch" => new StrMatch(macro, bytes),
            "within" => new Within(macro, bytes),
            "detectSQLi" => new DetectSqlInjection(),
            "detectXSS" => new DetectXss(),
            "noMatch" => new NoMatch(),
            "unconditionalMatch" => new UnconditionalMatch(),
            "validateUrlEncoding" => new ValidateUrlEncoding(),
            "validateUtf8Encoding" => new ValidateUtf8Encoding(),
            _ => throw new InvalidOperationException(
                $"The operator '{call.Name}' of the catalogue is not implemented."),
        };
    }

    private (RuleOperator?, string?) Regex(string pattern, bool isGlobal)
    {
        if (pattern.Contains("%{", StringComparison.Ordinal))
        {
            var macro = macros.Compile(pattern);
            if (!macro.IsConstant)
            {
                return (new MacroRegexOperator(macro), null);
            }
        }

        return (RegexOperator.Create(pattern, isGlobal, out var problem), problem);
    }

    private static (RuleOperator?, string?) Phrases(IEnumerable<byte[]> phrases)
    {
        byte[][] kept = [.. phrases.Where(phrase => phrase.Length > 0)];
        return kept.Length == 0 ? (new NoMatch(), null) : (new PhraseMatchOperator(kept), null);
    }

    private static (RuleOperator?, string?) Addresses(IEnumerable<string> entries)
    {
        var compiled = IpMatch.Create(entries, out var problem);
        return (compiled, problem is null ? null : $"'{problem}' is not an address or a network.");
    }

    private IEnumerable<string> Entries(string names) =>
        Words(names).Where(document.DataFiles.ContainsKey).SelectMany(name => document.DataFiles[name].Entries);

    private static string[] Words(string text) => text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static NumberRelation Relation(string name) => name switch
    {
        "eq" => NumberRelation.Equal,
        "ge" => NumberRelation.GreaterOrEqual,
        "gt" => NumberRelation.Greater,
        "le" => NumberRelation.LessOrEqual,
        _ => NumberRelation.Less,
    };

    private static DigitCheck Check(string name) => name switch
    {
        "verifyCC" => CheckDigits.IsCard,
        "verifySSN" => CheckDigits.IsUnitedStatesSocialSecurity,
        "verifyCPF" => CheckDigits.IsBrazilianTaxNumber,
        _ => CheckDigits.IsAustrianSocialSecurity,
    };
}
