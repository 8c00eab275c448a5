using System.Text;

namespace WafOperator.SecLang.Tests;

public sealed class ParsingTests
{
    [Theory]
    [InlineData("SecRule ARGS \"@rx a\\\"b\" \"id:1\"", "a\"b")]
    [InlineData("SecRule ARGS \"@rx a\\\\.b\" \"id:1\"", "a\\\\.b")]
    [InlineData("SecRule ARGS \"@rx a\\\\\\\\b\" \"id:1\"", "a\\\\b")]
    [InlineData("SecRule ARGS \"@rx \\d+\\\\\" \"id:1\"", "\\d+\\\\")]
    [InlineData("SecRule ARGS '@rx it\\'s \"x\"' 'id:1'", "it's \"x\"")]
    [InlineData("SecRule ARGS abc id:1", "abc")]
    [InlineData("SecRule ARGS \"  @rx   a b \" \"id:1\"", "a b ")]
    public void Operator_Quoting_IsReadAsModSecurityReadsIt(string text, string argument)
    {
        var rule = Rule(text);

        Assert.Equal(("rx", argument), (rule.Operator.Name, rule.Operator.Argument));
    }

    [Fact]
    public void Lines_ContinuationCommentsAndCarriageReturns_AreJoinedAndLeftOut()
    {
        const string Text = "# SecRule \\\r\n  not a rule\r\n\r\nSecRule ARGS \\\r\n    \"@rx x\" \\  \r\n    \"id:7,\\\r\n    pass\"\r\nSecMarker A";
        var document = Parse(Text).Document;

        Assert.Equal(2, document.Directives.Length);
        Assert.Equal(4, document.Directives[0].Location.Line);
        Assert.Equal(8, document.Directives[1].Location.Line);
    }

    [Theory]
    [InlineData("ARGS", "Args,Values,None,")]
    [InlineData("!args:foo", "ARGS,Exclusion,Name,foo")]
    [InlineData("&TX:'/a b|c/'", "TX,Count,Regex,a b|c")]
    [InlineData("REQUEST_COOKIES:/^a\\/b|c$/", "REQUEST_COOKIES,Values,Regex,^a/b|c$")]
    [InlineData("XML:/*", "XML,Values,XPath,/*")]
    [InlineData("XML://@*", "XML,Values,XPath,//@*")]
    public void Variable_Forms_AreReadIntoTheirParts(string text, string expected)
    {
        var target = Assert.Single(Rule($"SecRule {text} x id:1").Targets);

        Assert.Equal(expected, $"{target.Variable},{target.Mode},{target.SelectorKind},{target.Selector}",
            ignoreCase: true);
    }

    [Fact]
    public void Variables_ManyWithPatterns_AreCutAtTheRightBars() => Assert.Equal(
        "REQUEST_COOKIES !REQUEST_COOKIES:'/__utm|x/' XML:'/*' ARGS",
        string.Join(' ', Rule("SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/__utm|x/|XML:/*|ARGS x id:1").Targets));

    [Fact]
    public void Actions_QuotesCommasAndEquals_AreReadIntoNameAndArgument()
    {
        var rule = Rule("SecRule ARGS x \"id:1, msg:'it\\'s, ok' ,setvar:'tx.a=b c',t:none,ctl:ruleRemoveTargetById=1;ARGS:a,pass\"");

        Assert.Equal(
            ["id=1", "msg=it's, ok", "setvar=tx.a=b c", "t=none", "ctl=ruleRemoveTargetById=1;ARGS:a", "pass="],
            rule.Actions.Select(a => $"{a.Name}={a.Argument}"));
    }

    [Fact]
    public void Include_GlobsNestsAndFindsDataBesideTheRules()
    {
        var files = new MemorySourceResolver(new Dictionary<string, byte[]>
        {
            ["rules/b.conf"] = "SecMarker B"u8.ToArray(),
            ["rules/a.conf"] = "SecMarker A\nInclude deep/c.conf"u8.ToArray(),
            ["rules/deep/c.conf"] = "SecRule ARGS \"@pmFromFile words.data\" id:1"u8.ToArray(),
            ["rules/deep/words.data"] = "# no\nyes \n\n"u8.ToArray(),
        });
        var result = SecLangParser.Parse([SecLangSource.FromText("main", "Include rules/*.conf")], files);

        Assert.Empty(result.Diagnostics);
        Assert.Equal(["rules/a.conf:1", "rules/deep/c.conf:1", "rules/b.conf:1"],
            result.Document.Directives.Select(d => d.Location.ToString()));
        Assert.Equal("yes", Assert.Single(result.Document.DataFiles["words.data"].Entries));
    }

    [Fact]
    public void DirectoryResolver_LeavingItsFolder_FindsNothing()
    {
        var root = Directory.CreateTempSubdirectory();
        try
        {
            var inside = Directory.CreateDirectory(Path.Combine(root.FullName, "rules")).FullName;
            File.WriteAllText(Path.Combine(root.FullName, "secret.conf"), "SecMarker S");
            File.CreateSymbolicLink(Path.Combine(inside, "link.conf"), Path.Combine(root.FullName, "secret.conf"));
            var resolver = new DirectorySourceResolver(inside);

            Assert.Null(resolver.Open("../secret.conf", Path.Combine(inside, "x"), 100));
            Assert.Null(resolver.Open("link.conf", Path.Combine(inside, "x"), 100));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void Parse_AnyBytes_NeverThrows_AndPrintsToTheSameTree()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        string[] pieces =
        [
            "SecRule", "SecAction", "SecMarker", " ", "\"", "'", "\\", "\n", "ARGS", "|", "!", "&", ":", "/", "@rx",
                "@pm", "a",
            "id:1", ",", "chain", "phase:2", "t:none", "setvar:tx.a=", "%{", "}", "SecRuleUpdateTargetById", "1-2",
                "<If>", "#",
            "\u00e9", "ctl:", "=", ";", "XML:/*", "SecDefaultAction", "skipAfter:", "msg:'",
        ];
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (var j = random.Next(1, 24); j > 0; j--)
            {
                text.Append(pieces[random.Next(pieces.Length)]).Append(random.Next(2) == 0 ? " " : "");
            }

            var document = Parse(text.ToString()).Document;
            var printed = SecLangPrinter.Print(document);
            var again = SecLangParser.Parse([new SecLangSource("again", printed)]).Document;
            Assert.True(
                SecLangPrinter.Print(again) == printed, $"seed {Seed}, case {i}:\n{text}\nprints to\n{printed}");
        }
    }

    [Theory]
    [InlineData("SecRule ARGS a \"id:1,msg:a b\\,pass\"")]
    [InlineData("SecRule ARGS a \"id:1,pass,msg:a\\ \"")]
    [InlineData("SecRule ARGS a \"id:1,setvar:tx.a='b,c'\\,pass\"")]
    [InlineData("SecMarker a\\\\\n\nSecMarker b")]
    public void FuzzSeed20284968_BackslashAtTheEndOfAnArgument_PrintsToTheSameTree(string text)
    {
        var document = Parse(text).Document;
        Assert.Contains("\\", SecLangPrinter.Print(document), StringComparison.Ordinal);
        TreeAssert.Same(document, Parse(SecLangPrinter.Print(document)).Document);
    }

    private static SecLangParseResult Parse(string text) => SecLangParser.Parse(text);

    private static RuleDirective Rule(string text)
    {
        var result = Parse(text);
        Assert.DoesNotContain(result.Diagnostics, d => d.Severity == DiagnosticSeverity.Error);
        return Assert.IsType<RuleDirective>(Assert.Single(result.Document.Directives));
    }
}
