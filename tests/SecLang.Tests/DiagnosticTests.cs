namespace WafOperator.SecLang.Tests;

public sealed class DiagnosticTests
{
    [Theory]
    [InlineData("SecRul ARGS x id:1", "SL2001", DiagnosticSeverity.Error, "SecRule")]
    [InlineData("SecRule ARGS", "SL2002", DiagnosticSeverity.Error, "arguments")]
    [InlineData("SecRuleEngine Maybe", "SL2002", DiagnosticSeverity.Error, "DetectionOnly")]
    [InlineData("SecRequestBodyLimit many", "SL2002", DiagnosticSeverity.Error, "whole number")]
    [InlineData("SecRuleRemoveById x", "SL2002", DiagnosticSeverity.Error, "ids and ranges")]
    [InlineData("SecRuleScript a.lua id:1", "SL2003", DiagnosticSeverity.Refused, "programs")]
    [InlineData("SecRemoteRules key https://x", "SL2003", DiagnosticSeverity.Refused, "network")]
    [InlineData("SecXmlExternalEntity On", "SL2003", DiagnosticSeverity.Refused, "other files")]
    [InlineData("SecDebugLog /tmp/x", "SL2004", DiagnosticSeverity.Warning, "no effect")]
    [InlineData("SecRule ARG x id:1", "SL3001", DiagnosticSeverity.Error, "ARGS")]
    [InlineData("SecRule REQUEST_URI:x x id:1", "SL3002", DiagnosticSeverity.Error, "single value")]
    [InlineData("SecRule GEO:COUNTRY_CODE x id:1", "SL3003", DiagnosticSeverity.Refused, "geographic")]
    [InlineData("SecRule ARGS \"@contain x\" id:1", "SL4001", DiagnosticSeverity.Error, "contains")]
    [InlineData("SecRule ARGS \"@eq five\" id:1", "SL4002", DiagnosticSeverity.Warning, "counts as 0")]
    [InlineData("SecRule ARGS \"@rbl x.y\" id:1", "SL4003", DiagnosticSeverity.Refused, "DNS")]
    [InlineData("SecRule FILES_TMPNAMES \"@inspectFile x\" id:1", "SL4003", DiagnosticSeverity.Refused, "programs")]
    [InlineData("SecRule ARGS x \"id:1,t:lowercas\"", "SL5001", DiagnosticSeverity.Error, "lowercase")]
    [InlineData("SecRule ARGS x \"id:1,den\"", "SL6001", DiagnosticSeverity.Error, "deny")]
    [InlineData("SecRule ARGS x \"id:1,status:ok\"", "SL6002", DiagnosticSeverity.Error, "number")]
    [InlineData("SecRule ARGS x \"id:1,ctl:ruleRemoveByID2=1\"", "SL6002", DiagnosticSeverity.Error, "ruleRemoveById")]
    [InlineData("SecRule ARGS x \"id:1,phase:9\"", "SL6002", DiagnosticSeverity.Error, "phase")]
    [InlineData("SecRule ARGS x \"id:1,severity:BAD\"", "SL6002", DiagnosticSeverity.Error, "CRITICAL")]
    [InlineData("SecRule ARGS x \"id:1,exec:/bin/x\"", "SL6003", DiagnosticSeverity.Refused, "programs")]
    [InlineData("SecRule ARGS x \"id:1,proxy:http://x\"", "SL6003", DiagnosticSeverity.Refused, "another place")]
    [InlineData("SecRule ARGS x \"pass\"", "SL7001", DiagnosticSeverity.Error, "needs an id")]
    [InlineData("SecAction id:1\nSecAction id:1", "SL7002", DiagnosticSeverity.Error, "taken")]
    [InlineData("SecAction \"id:1,chain\"", "SL7003", DiagnosticSeverity.Error, "chain")]
    [InlineData("SecAction \"id:1,chain\"\nSecMarker x", "SL7003", DiagnosticSeverity.Error, "not finished")]
    [InlineData("SecAction \"id:1,skipAfter:END\"", "SL7004", DiagnosticSeverity.Warning, "END")]
    [InlineData("SecRuleRemoveById 5", "SL7005", DiagnosticSeverity.Warning, "changes nothing")]
    [InlineData("SecRule ARGS \"x id:1", "SL1002", DiagnosticSeverity.Error, "not closed")]
    [InlineData("SecAction \"id:1,msg:'x\"", "SL1002", DiagnosticSeverity.Error, "not closed")]
    [InlineData("Include none.conf", "SL1003", DiagnosticSeverity.Error, "none.conf")]
    [InlineData("SecRule ARGS \"@pmFromFile none.data\" id:1", "SL1003", DiagnosticSeverity.Error, "none.data")]
    [InlineData("<Location /x>\n</Location>", "SL1005", DiagnosticSeverity.Error, "REQUEST_FILENAME")]
    [InlineData("</IfModule>", "SL1005", DiagnosticSeverity.Error, "not open")]
    public void BadRules_AreReportedWithCodeLineAndWayOut(
        string text, string code, DiagnosticSeverity severity, string hint)
    {
        var found = SecLangParser.Parse("\n" + text, "my.conf").Diagnostics;

        var diagnostic = Assert.Single(found, d => d.Code == code);
        Assert.Equal(severity, diagnostic.Severity);
        Assert.Contains(hint, diagnostic.Message, StringComparison.Ordinal);
        Assert.Equal("my.conf", diagnostic.Location.File);
        Assert.InRange(diagnostic.Location.Line, 2, 3);
    }

    private const string Whole = "SecRule ARGS a \"id:9,deny\"";

    /// <summary>Text, ids of the rules that stay, and the line of what is said to be left out.</summary>
    [Theory]
    [InlineData("SecRule ARGS \"a id:1,deny\nN", "9", 1)]
    [InlineData("SecAction \"id:1,msg:'x\"\nN", "9", 1)]
    [InlineData("N\nSecRule ARGS a \"id:1,chain\"", "9", 2)]
    [InlineData("N\nSecRule ARGS a \"id:1,chain\"\nSecRule ARGS b \"chain\"", "9", 2)]
    [InlineData("SecRule ARGS a \"id:1,chain\"\nSecMarker x\nN", "9", 1)]
    [InlineData("SecRule ARGS a \"id:1,chain\"\nSecRule ARGS \"b\nN", "9", 1)]
    [InlineData("SecRule ARGS \"a id:1,chain\nSecRule ARGS b\nSecRule ARGS c \"deny\"\nN", "9", 1)]
    [InlineData("SecRule ARGS a \"id:1,chain\"\nSecRule ARGS b \"deny\"\nN", "1 9", 0)]
    public void RulesThatCannotBeReadToTheirEnd_AreLeftOutWithTheirChain_WhereThatIsWanted(
        string text, string ids, int line)
    {
        var source = SecLangSource.FromText("my.conf", text.Replace("N", Whole, StringComparison.Ordinal));

        var found = SecLangParser.Parse([source], leavesOut: true);

        Assert.False(found.HasErrors);
        var rules = found.Document.Directives.Select(RuleFacts.ActionsOf).OfType<IReadOnlyList<ActionCall>>().ToList();
        Assert.Equal(ids, string.Join(' ', rules.Select(RuleFacts.Id).Where(id => id > 0)));
        Assert.Equal(line == 0 ? 2 : 0, rules.Count - 1);
        var leftOut = found.Diagnostics.Where(d => d.Severity is DiagnosticSeverity.Refused).ToList();
        Assert.Equal(line > 0, leftOut.Exists(d => d.Location.Line == line));
        Assert.Equal(line > 0, SecLangParser.Parse([source]).HasErrors);
    }

    [Fact]
    public void AfterARuleThatCannotBeRead_ANeighboursRuleWithoutId_IsStillAnError()
    {
        var broken = SecLangSource.FromText("broken.conf", "SecRule ARGS \"a");
        var other = SecLangSource.FromText("other.conf", "SecRule ARGS a deny");

        Assert.True(SecLangParser.Parse([broken, other], leavesOut: true).HasErrors);
        Assert.True(SecLangParser.Parse("SecRul ARGS x id:1").HasErrors);
    }

    /// <summary>What the recommended configurations of ModSecurity and of Coraza set up a server with.</summary>
    [Fact]
    public void RecommendedConfigurations_LoadWithWarningsOnly()
    {
        const string Text = """
            SecRuleEngine DetectionOnly
            SecRequestBodyAccess On
            SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\\+|/)|text/)xml" \
                 "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
            SecRule REQUEST_HEADERS:Content-Type "^application/[a-z0-9.-]+[+]json" \
                 "id:'200006',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
            SecRequestBodyLimit 13107200
            SecRequestBodyInMemoryLimit 131072
            SecRequestBodyNoFilesLimit 131072
            SecRequestBodyLimitAction Reject
            SecRequestBodyJsonDepthLimit 512
            SecArgumentsLimit 1000
            SecRule &ARGS "@ge 1000" "id:'200007', phase:2,t:none,log,deny,status:400,msg:'too many',severity:2"
            SecRule REQBODY_ERROR "!@eq 0" \
              "id:'200002', phase:2,t:none,log,deny,status:400,msg:'body',logdata:'%{reqbody_error_msg}',severity:2"
            SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:'200003',phase:2,t:none,log,deny,status:400,\
              msg:'PE %{REQBODY_PROCESSOR_ERROR}, BQ %{MULTIPART_BOUNDARY_QUOTED}, IQ %{MULTIPART_INVALID_QUOTING}'"
            SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" "id:'200004',phase:2,t:none,log,deny,msg:'boundary'"
            SecPcreMatchLimit 1000
            SecPcreMatchLimitRecursion 1000
            SecRule TX:/^MSC_/ "!@streq 0" "id:'200005',phase:2,t:none,deny,msg:'%{MATCHED_VAR_NAME}'"
            SecResponseBodyAccess On
            SecResponseBodyMimeType text/plain text/html text/xml
            SecResponseBodyLimit 524288
            SecResponseBodyLimitAction ProcessPartial
            SecTmpDir /tmp/
            SecDataDir /tmp/
            #SecUploadDir /opt/uploads/
            SecUploadKeepFiles Off
            SecUploadFileLimit 32
            SecDebugLog /var/log/debug.log
            SecDebugLogLevel 3
            SecAuditEngine RelevantOnly
            SecAuditLogRelevantStatus "^(?:5|4(?!04))"
            SecAuditLogParts ABIJDEFHZ
            SecAuditLogType Serial
            SecAuditLogFormat JSON
            SecAuditLogDirMode Default
            SecAuditLog /var/log/audit.log
            SecAuditLogStorageDir /opt/audit/
            SecArgumentSeparator &
            SecCookieFormat 0
            SecUnicodeMapFile unicode.mapping 20127
            SecStatusEngine On
            SecXmlExternalEntity Off
            SecRequestEncoding utf-8
            SecRxPreFilter On
            SecIgnoreRuleCompilationErrors Off
            """;
        var result = SecLangParser.Parse(Text);

        Assert.All(result.Diagnostics, found => Assert.Equal(DiagnosticSeverity.Warning, found.Severity));
        Assert.Equal(7, result.Document.Directives.OfType<RuleDirective>().Count());
    }

    public static TheoryData<string, SecLangLimits, string> Limits => new()
    {
        { "bytes of a file", new SecLangLimits { SourceBytesMax = 30 }, "SecAction id:1                 " },
        { "bytes of all files", new SecLangLimits { TotalBytesMax = 30 }, "SecAction id:1                 " },
        { "bytes of a directive", new SecLangLimits { DirectiveBytesMax = 20 }, "SecRule ARGS abcd id:1" },
        { "directives", new SecLangLimits { DirectivesMax = 2 }, "SecMarker a\nSecMarker b\nSecMarker c" },
        { "variables", new SecLangLimits { VariablesPerRuleMax = 2 }, "SecRule ARGS|ARGS|ARGS x id:1" },
        { "actions", new SecLangLimits { ActionsPerRuleMax = 2 }, "SecAction id:1,pass,nolog" },
        { "chain", new SecLangLimits { ChainLengthMax = 2 }, "SecAction id:1,chain\nSecAction chain\nSecAction nolog" },
        { "include depth", new SecLangLimits { IncludeDepthMax = 1 }, "Include a.conf" },
        { "included files", new SecLangLimits { IncludedFilesMax = 1 }, "Include a.conf\nInclude a.conf" },
        { "data file", new SecLangLimits { DataFileBytesMax = 3 }, "SecRule ARGS \"@pmf d.data\" id:1" },
        { "data files", new SecLangLimits { DataFilesTotalBytesMax = 3 }, "SecRule ARGS \"@pmf d.data\" id:1" },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Limit_IsAnErrorBeyondIt_AndSilentWithin(string name, SecLangLimits limits, string text)
    {
        var files = new MemorySourceResolver(new Dictionary<string, byte[]>
        {
            ["a.conf"] = "SecMarker A"u8.ToArray(), ["d.data"] = "word"u8.ToArray(),
        });
        SecLangSource[] sources = [SecLangSource.FromText("s", text)];

        Assert.Contains(SecLangParser.Parse(sources, files, limits).Diagnostics, d => d.Code == DiagnosticCodes.Limit);
        Assert.DoesNotContain(SecLangParser.Parse(sources, files).Diagnostics, d => d.Code == DiagnosticCodes.Limit);
        Assert.NotEmpty(name);
    }

    [Fact]
    public void DiagnosticsMax_BoundsTheList_AndKeepsTheVerdict()
    {
        var text = string.Concat(Enumerable.Range(0, 50).Select(i => $"SecBad{i}\n"));
        var result = SecLangParser.Parse(
            [SecLangSource.FromText("s", text)], null, new SecLangLimits { DiagnosticsMax = 10 });

        Assert.Equal(11, result.Diagnostics.Length);
        Assert.True(result.HasErrors);
    }

    [Fact]
    public void Include_OfItself_IsACycle()
    {
        var files = new MemorySourceResolver(new Dictionary<string, byte[]>
        {
            ["a.conf"] = "Include b.conf"u8.ToArray(), ["b.conf"] = "Include a.conf"u8.ToArray(),
        });
        var result = SecLangParser.Parse([SecLangSource.FromText("main", "Include a.conf")], files);

        Assert.Equal(DiagnosticCodes.IncludeCycle, Assert.Single(result.Diagnostics).Code);
    }
}
