using System.Net;
using System.Text;
using WafOperator.Engine.Tests.Profiles;
using WafOperator.Engine.Values;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>Rules whose outcome is worked out beforehand leave the same state as rules that run.</summary>
public sealed class PreparedStartTests
{
    private const string Folder = "/usr/share/modsecurity-crs/rules";

    [Theory]
    [InlineData("SecAction \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level=2\"")]
    [InlineData("SecAction \"id:1,phase:1,nolog,pass,setvar:tx.notice_anomaly_score=9,setvar:!tx.crs_setup_version\"")]
    [InlineData("SecAction \"id:1,phase:1,nolog,pass,setvar:tx.warning_anomaly_score=7,ctl:ruleRemoveById=901100\"")]
    [InlineData("SecRule REQUEST_METHOD \"@streq GET\" \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level=3\"")]
    public void Start_OfTheCoreRuleSet_LeavesTheStateThatItsRulesLeave(string setup)
    {
        Assert.True(Directory.Exists(Folder), "Install the Debian package modsecurity-crs to run this test.");
        var document = SecLangParser.Parse([SecLangSource.FromText("all",
            $"Include /etc/modsecurity/crs/crs-setup.conf\nSecRuleEngine On\n{setup}\nInclude {Folder}/*.conf")],
            new DirectorySourceResolver(Folder, "/etc/modsecurity/crs")).Document;
        var prepared = RuleProgram.Compile(document).Program!;
        var plain = RuleProgram.Compile(document, new EngineOptions { Prefilter = false }).Program!;

        Assert.Null(plain.Start);
        foreach (var uri in new[] { "/?a=1", "/?a=1%27%20or%20sleep(5)--", "/x.php?page=../../etc/passwd" })
        {
            // Twice, because a transaction is used again.
            Assert.Equal(StateOf(plain, uri), StateOf(prepared, uri));
            Assert.Equal(StateOf(plain, uri), StateOf(prepared, uri));
        }
    }

    [Fact]
    public void Start_OfTheCoreRuleSet_HoldsItsDefaults()
    {
        var document = SecLangParser.Parse([SecLangSource.FromText("all",
            $"Include /etc/modsecurity/crs/crs-setup.conf\nInclude {Folder}/*.conf")],
            new DirectorySourceResolver(Folder, "/etc/modsecurity/crs")).Document;
        var start = RuleProgram.Compile(document).Program!.Start;

        Assert.True(start is { Next: > 20, Variables.Length: > 30, MatchedIds.Length: > 15 },
            $"{start?.Next} rules, {start?.Variables.Length} variables, {start?.MatchedIds.Length} matches");
    }

    [Theory]
    [InlineData("pass,nolog,setvar:tx.b=%{tx.a},setvar:tx.n=+2", 2)]
    [InlineData("pass,nolog,skipAfter:END", 4)]
    [InlineData("pass,nolog,setvar:tx.b=%{REMOTE_ADDR}", 1)]
    [InlineData("pass,nolog,setvar:tx.b=%{TIME_EPOCH}", 1)]
    [InlineData("pass,nolog,setvar:tx.b=%{MATCHED_VAR}", 1)]
    [InlineData("pass,nolog,setvar:'tx.%{tx.a}=1'", 1)]
    [InlineData("pass,nolog,setvar:ip.b=1", 1)]
    [InlineData("pass,log,msg:'x'", 1)]
    [InlineData("pass,nolog,ctl:ruleEngine=Off", 1)]
    [InlineData("pass,nolog,severity:2", 1)]
    [InlineData("pass,nolog,chain\"\n  SecRule REQUEST_URI \"@rx .\" \"t:none", 1)]
    [InlineData("deny,nolog", 1)]
    [InlineData("allow,nolog", 1)]
    public void Start_EndsBeforeARule_ThatDoesMoreThanSetVariables(string actions, int next)
    {
        var rules = $$"""
            SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=1,setvar:tx.n=3"
            SecRule TX:A "@eq 1" "id:2,phase:1,{{actions}}"
            SecRule REQUEST_URI "@rx ." "id:3,phase:1,pass,nolog"
            SecMarker END
            SecRule TX:A "@eq 7" "id:4,phase:1,pass,nolog"
            SecRule REQUEST_URI "@contains %{tx.n}" "id:5,phase:1,pass,nolog"
            """;
        var prepared = Profile.Compile(rules);
        var plain = Profile.Compile(rules, new EngineOptions { Prefilter = false });

        Assert.Equal(StateOf(plain, "/5"), StateOf(prepared, "/5"));
        Assert.True(prepared.Start is null || prepared.Start.Next <= next, $"{prepared.Start?.Next}");
    }

    /// <summary>Matched rules (but for those that only jump), the decision, and all of TX.</summary>
    private static string StateOf(RuleProgram program, string uri)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", uri, "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 1, IPAddress.Loopback, 2, 3));
        transaction.EvaluateRequestHeaders();
        request.EndBody();
        transaction.EvaluateRequestBody();
        transaction.EvaluateLogging();
        var list = new ValueList();
        transaction.Work.Tx.List(list, null, []);
        var variables = new List<string>();
        foreach (var value in list.Span)
        {
            variables.Add(Encoding.Latin1.GetString(transaction.Work.Memory[value.Name]) + "="
                + Encoding.Latin1.GetString(transaction.Work.Memory[value.Bytes]));
        }

        var jumps = program.Parts.Heads.Where(rule => rule.SkipAfter is not null).Select(rule => rule.Id).ToHashSet();
        return string.Join(' ', transaction.MatchedRuleIds.Where(id => !jumps.Contains(id)))
            + $" | {transaction.Interruption?.RuleId} | {transaction.Work.HighestSeverity} | "
            + string.Join(' ', variables.Where(text => text.Length < 8 || !text.StartsWith("b=1")).Order());
    }
}
