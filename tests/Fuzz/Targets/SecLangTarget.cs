using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Fuzz.Running;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Any bytes as rules: read with findings that lie in the text, printed and read again as the same tree, and, where
/// they are sound, compiled and run on a request with and without the bulk filter to the same matches.
/// </summary>
public sealed class SecLangTarget : FuzzTarget
{
    private static readonly EngineLimits Limits = new() { StepsMax = 2_000_000, RegexStepsMax = 100_000 };

    private readonly CanonicalRequest _request = new();

    private readonly Pieces _rules = new(
        [
            "SecRule ARGS|!ARGS:/^x/ \"@rx (?i)a(b+)\" \"id:1,phase:2,deny,capture,t:none,t:lowercase,chain\"\n"
                + "SecRule TX:1 \"@streq bb\" \"setvar:'tx.score=+%{tx.critical}'\"\n",
            "SecAction \"id:2,phase:1,pass,nolog,setvar:tx.level=1,skipAfter:END\"\nSecMarker END\n",
            "SecRule &REQUEST_HEADERS:Host \"@eq 1\" \"id:3,phase:1,block,msg:'%{MATCHED_VAR_NAME}'\"\n",
            "SecRule REQUEST_URI \"@pm a b c\" \\\n  \"id:4,phase:1,\\\n  pass,ctl:ruleRemoveTargetById=1;"
                + "ARGS:q\"\n",
            "SecDefaultAction \"phase:2,log,deny,status:403\"\nSecRuleEngine On\nSecRequestBodyLimit 1000\n",
            "SecRuleUpdateTargetById 1 \"!ARGS:b\"\nSecRuleRemoveById 3-4\n",
        ],
        ["SecRule ", "SecAction ", "SecMarker ", "SecRuleRemoveByTag ", "SecRuleUpdateActionById ", "Include *",
         "\"", "'", "\\", "\n", "\\\n", " ", "ARGS", "TX:/a/", "XML:/*", "REQUEST_COOKIES", "MATCHED_VARS", "|", "!",
         "&", ":", "/", "@rx ", "@pm ", "@within ", "@detectSQLi", "@validateByteRange 1-9", "!@eq 0", ",", "id:5",
         "phase:3", "chain", "t:urlDecodeUni", "t:none", "setvar:tx.a=+1", "%{tx.0}", "%{", "}", "skip:1",
         "skipAfter:X", "allow:phase", "severity:2", "tag:'x'", "ctl:ruleEngine=Off", "initcol:ip=%{REMOTE_ADDR}",
         "multiMatch", "(", "[", "*", "#", "<IfModule x>", "\u00e9", "\u0000", "1", "-"]);

    public override string Name => "seclang";

    public override byte[] Generate(Random random) => _rules.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var parsed = SecLangParser.Parse([new SecLangSource("fuzz", Encoding.Latin1.GetString(input))]);
        var lines = input.Count(value => value == '\n') + 1;
        var places = parsed.Diagnostics.Select(diagnostic => diagnostic.Location.Line);
        Require(places.All(line => line >= 0 && line <= lines), "findings lie in the text");
        var printed = SecLangPrinter.Print(parsed.Document);
        var again = SecLangParser.Parse([new SecLangSource("again", printed)]).Document;
        Require(SecLangPrinter.Print(again) == printed, "what is printed reads as the same tree");
        if (parsed.HasErrors) return;
        var filtered = Run(parsed.Document, prefilter: true);
        var plain = Run(parsed.Document, prefilter: false);
        Require(filtered is null == plain is null, "compiled with and without the filter");
        Require(filtered == plain, $"the filter changes nothing: {plain} without, {filtered} with");
    }

    /// <summary>The rules that matched, but for those that only jump; null where the rules do not compile.</summary>
    private string? Run(SecLangDocument document, bool prefilter)
    {
        var options = EngineOptions.Default with { Prefilter = prefilter, Limits = Limits };
        if (RuleProgram.Compile(document, options).Program is not { } program) return null;
        _request.Reset();
        _request.Begin("POST", "/a.php?q=ab&b=1", "HTTP/1.1");
        _request.AddHeader("Host", "h");
        _request.AddHeader("Content-Type", "application/x-www-form-urlencoded");
        _request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(_request, new ConnectionFacts(IPAddress.Loopback, 1, IPAddress.Loopback, 2, 3));
        transaction.EvaluateRequestHeaders();
        _request.AppendBody("x=abb&a%20=1%27"u8);
        _request.EndBody();
        transaction.EvaluateRequestBody();
        transaction.EvaluateLogging();
        var jumps = document.Directives.SelectMany(Jumping).ToHashSet();
        return string.Join(' ', transaction.MatchedRuleIds.Where(id => !jumps.Contains(id)))
            + (transaction.Exhausted ? " exhausted" : "");
    }

    private static IEnumerable<long> Jumping(Directive directive)
    {
        var actions = directive switch
        {
            RuleDirective rule => rule.Actions,
            ActionDirective action => action.Actions,
            _ => [],
        };
        return actions.Any(action => action.Name == "skipAfter") ? [RuleFacts.Id(actions)] : [];
    }
}
