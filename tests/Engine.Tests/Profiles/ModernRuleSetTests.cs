using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Profiles;

/// <summary>
/// Constructs that newer rule sets (OWASP CRS 4 and its plugins) are written with, each in a rule of ours.
/// </summary>
public sealed class ModernRuleSetTests
{
    [Fact]
    public void Scores_OfBlockingAndDetectionLevels_AddUpAsTheyAreNamed()
    {
        var outcome = new Profile("""
            SecRule &TX:blocking_paranoia_level "@eq 0" "id:1,phase:1,pass,nolog,setvar:'tx.blocking_paranoia_level=1'"
            SecRule &TX:detection_paranoia_level "@eq 0" "id:2,phase:1,pass,nolog,\
              setvar:'tx.detection_paranoia_level=%{TX.blocking_paranoia_level}'"
            SecAction "id:3,phase:1,pass,t:none,nolog,setvar:'tx.in_pl1=0',setvar:'tx.in_pl2=0',setvar:'tx.score=0',\
              setvar:'tx.critical=5',setvar:'tx.threshold=5'"
            SecRule TX:DETECTION_PARANOIA_LEVEL "@lt %{tx.blocking_paranoia_level}" "id:4,phase:1,deny,status:500"
            SecRule ARGS "@rx (?i)union" "id:5,phase:2,block,setvar:'tx.in_pl1=+%{tx.critical}'"
            SecRule TX:DETECTION_PARANOIA_LEVEL "@lt 2" "id:6,phase:2,pass,nolog,skipAfter:END"
            SecRule ARGS "@rx (?i)union" "id:7,phase:2,block,setvar:'tx.in_pl2=+%{tx.critical}'"
            SecMarker "END"
            SecRule TX:BLOCKING_PARANOIA_LEVEL "@ge 1" "id:8,phase:2,pass,nolog,setvar:'tx.score=+%{tx.in_pl1}'"
            SecRule TX:BLOCKING_PARANOIA_LEVEL "@ge 2" "id:9,phase:2,pass,nolog,setvar:'tx.score=+%{tx.in_pl2}'"
            SecRule TX:SCORE "@ge %{tx.threshold}" "id:10,phase:2,deny,status:403,msg:'Score %{TX.SCORE}'"
            """) { Uri = "/?q=UNION", Triggered = [5, 8, 10], NotTriggered = [4, 7, 9] }.Check();

        Assert.Equal((10, 5), (outcome.Interruption?.RuleId, outcome.Score));
    }

    [Fact]
    public void Capture_ThatNamesAVariable_IsTestedThroughAPattern() => new Profile("""
        SecAction "id:1,phase:1,pass,nolog,setvar:'tx.restricted=/proxy/ /if/ /x-method/'"
        SecRule REQUEST_HEADERS_NAMES "@rx ^.*$" "id:2,phase:1,pass,nolog,capture,t:none,t:lowercase,\
          setvar:'tx.header_2_%{tx.0}=/%{tx.0}/',chain"
          SecRule TX:/^header_2_/ "@within %{tx.restricted}" "setvar:'tx.text=%{MATCHED_VAR_NAME}'"
        SecRule TX:/^HEADER_2_*/ "!@rx ^/(?:host|accept|proxy)/$" "id:3,phase:1,pass"
        """)
    {
        Headers = [("Host", "h"), ("Accept", "*/*"), ("Proxy", "x")], Triggered = [2], NotTriggered = [3],
    }.Check();

    /// <summary>
    /// A chain narrows what its first rule captured; the log must show what was narrowed to, not the whole value.
    /// </summary>
    [Fact]
    public void Texts_OfAChain_ShowWhatItsLastRuleMatchedAndCaptured()
    {
        var outcome = new Profile("""
            SecRule REQUEST_HEADERS:Referer "@rx #.*" "id:1,phase:1,deny,status:403,capture,t:none,t:lowercase,\
              msg:'In %{tx.where}',logdata:'%{TX.0} in %{MATCHED_VAR}',setvar:'tx.where=%{MATCHED_VAR_NAME}',chain"
              SecRule TX:0 "@rx `[a-z]+`" "capture,t:none,chain"
                SecRule MATCHED_VAR "@contains =" "t:none,status:406"
            """)
        {
            Headers = [("Host", "h"), ("Referer", "https://shop.example/?q=1#X=`ID`;y")], Triggered = [1],
        }.Check();

        var match = Assert.Single(outcome.Matches);
        Assert.Equal(("In REQUEST_HEADERS:Referer", "`id` in #x=`id`;y"), (match.Message, match.Data));
        Assert.Equal(406, outcome.Interruption?.Status);
    }

    [Fact]
    public void Variables_OfTransaction_CanLeaveOutSomeByPattern() => new Profile("""
        SecAction "id:1,phase:1,pass,nolog,setvar:'tx.own_a=attack',setvar:'tx.other=tea'"
        SecRule TX|!TX:/^own_/ "@streq attack" "id:2,phase:1,pass"
        SecRule TX|!TX:/^other/ "@streq attack" "id:3,phase:1,pass"
        SecRuleUpdateTargetById 4 "!ARGS:/^free_/"
        SecRule ARGS "@streq attack" "id:4,phase:2,pass"
        """) { Uri = "/?free_text=attack", Triggered = [3], NotTriggered = [2, 4] }.Check();

    [Fact]
    public void PartHeaders_AreCollectedAndCountedByTheirPart() => new Profile("""
        SecAction "id:1,phase:1,pass,nolog,setvar:'tx.charsets=|utf-8| |iso-8859-1|'"
        SecRule &MULTIPART_PART_HEADERS:_charset_ "!@eq 0" "id:2,phase:2,pass,t:none,\
          setvar:'tx.charset=|%{ARGS._charset_}|',chain"
          SecRule TX:CHARSET "!@within %{tx.charsets}" "t:lowercase"
        SecRule &MULTIPART_PART_HEADERS "@gt 0" "id:3,phase:2,pass,nolog,setvar:'tx.count=0'"
        SecRule MULTIPART_PART_HEADERS "@rx ^content-type\s*:\s*(.*)$" "id:4,phase:2,pass,capture,t:none,t:lowercase,\
          setvar:'tx.types_%{tx.count}=%{tx.1}',setvar:'tx.count=+1'"
        SecRule TX:/TYPES_*/ "!@rx ^(?:(?:\*|[^!\"\(\),/:-\?\[-\]\{\}]+)/\
        (?:\*|[^!\"\(\),/:-\?\[-\]\{\}]+)|\*)(?:[\s\x0b]*;\
        [\s\x0b]*charset[\s\x0b]*=[\s\x0b]*\"?utf-8\b\"?)*$" "id:5,phase:2,pass,capture"
        SecRule MULTIPART_PART_HEADERS "@rx [^\x21-\x7E][\x21-\x39\x3B-\x7E]*:" "id:6,phase:2,pass"
        SecRule TX:COUNT "@eq 2" "id:7,phase:2,pass"
        """)
    {
        Method = "POST",
        Headers = [("Host", "h"), ("Content-Type", "multipart/form-data; boundary=b")],
        Body = Part("_charset_", "", "utf-7") + Part("a", "Content-Type: text/plain; charset=utf-8\r\n", "1")
            + Part("c", "content-type:text/plain; charset=x\r\n", "1") + "--b--\r\n",
        Triggered = [2, 3, 4, 5, 7],
        NotTriggered = [6],
    }.Check();

    [Theory]
    [InlineData("ctl:ruleRemoveTargetByTag=attack-sqli;ARGS:text", false)]
    [InlineData("ctl:ruleRemoveTargetByTag=OWASP_CRS;ARGS:/^te/", false)]
    [InlineData("ctl:ruleRemoveTargetById=900-999;ARGS:text", false)]
    [InlineData("ctl:ruleRemoveTargetById=950;ARGS", false)]
    [InlineData("ctl:ruleRemoveTargetByMsg=SQL;ARGS:text", false)]
    [InlineData("ctl:ruleRemoveById=900-999", false)]
    [InlineData("ctl:ruleRemoveByTag=attack-sqli", false)]
    [InlineData("ctl:ruleRemoveTargetById=950;ARGS:other", true)]
    [InlineData("ctl:ruleRemoveTargetByTag=attack-xss;ARGS:text", true)]
    [InlineData("ctl:ruleRemoveTargetById=950;REQUEST_COOKIES:text", true)]
    [InlineData("ctl:auditLogParts=+E", true)]
    public void Control_OfAPlugin_TakesOutWhatItNames(string control, bool matches) => new Profile($$"""
        SecRule REQUEST_FILENAME "@endsWith /edit" "id:1,phase:1,pass,nolog,{{control}}"
        SecRule ARGS "@detectSQLi" "id:950,phase:2,deny,msg:'SQL',tag:'OWASP_CRS',tag:'attack-sqli'"
        """)
    {
        Uri = "/edit?text=1%27%20or%201%3D1--", Triggered = matches ? [950] : [], NotTriggered = matches ? [] : [950],
    }.Check();

    [Theory]
    [InlineData("REQUEST_COOKIES|!REQUEST_COOKIES:/__utm/", "attack", false)]
    [InlineData("REQUEST_COOKIES|!REQUEST_COOKIES:/_pk_ref/", "attack", true)]
    [InlineData("REQUEST_COOKIES_NAMES", "__utmz", true)]
    [InlineData("REQUEST_HEADERS|!REQUEST_HEADERS:Cookie", "attack", false)]
    [InlineData("REQUEST_HEADERS|!REQUEST_HEADERS:Referer|!REQUEST_HEADERS:/^X-/", "attack", true)]
    [InlineData("ARGS_NAMES", "json.a.array_1", true)]
    [InlineData("ARGS|ARGS_NAMES|XML:/*", "deep", true)]
    [InlineData("REQBODY_PROCESSOR", "JSON", true)]
    [InlineData("REQUEST_FILENAME|ARGS_GET", "attack", false)]
    public void Targets_WithExclusionsByPattern_ReadWhatIsLeft(string targets, string text, bool matches) =>
        new Profile($"SecRule {targets} \"@contains {text}\" \"id:1,phase:2,pass\"")
    {
        Method = "POST",
        Headers = [("Host", "h"), ("Content-Type", "application/json"), ("Cookie", "__utmz=attack")],
        Body = """{"a":["x","deep"]}""",
        Triggered = matches ? [1] : [],
        NotTriggered = matches ? [] : [1],
    }.Check();

    [Theory]
    [InlineData("t:none,t:utf8toUnicode,t:urlDecodeUni", "@rx select", "%ef%bd%93elect")]
    [InlineData("t:none,t:cmdLine", "@rx ^cat/etc$", "%22c%5ea%5ct%22%20%20/etc")]
    [InlineData("t:none,t:escapeSeqDecode", "@rx ^ab$", "%5cx61%5c142")]
    [InlineData("t:none,t:cmdLine,t:normalizePath", "@pmFromFile words", "cat%20/x/../etc/passwd")]
    [InlineData("t:none,t:base64Decode", "@rx ^\\$\\{", "JHtqbmRp")]
    [InlineData("t:none,t:jsDecode,t:urlDecodeUni,t:htmlEntityDecode", "@rx <s", "%5cu003c%26%23x73;")]
    [InlineData("t:none,t:hexDecode", "@streq abc", "616263")]
    [InlineData("t:none,t:replaceComments,t:compressWhitespace", "@rx ^a b$", "a/**/%20b")]
    [InlineData("t:none,multiMatch,t:urlDecodeUni,t:lowercase", "@streq %41", "%2541")]
    [InlineData("t:none,t:length", "@gt 3", "abcd")]
    [InlineData("t:none", "@validateByteRange 32-36,38-126", "%25")]
    [InlineData("t:none", "@validateUrlEncoding", "%25zz")]
    [InlineData("t:none", "@validateUtf8Encoding", "%c0%af")]
    [InlineData("t:none", "!@within a b c", "d")]
    [InlineData("t:none", "@rx (?i)(?:^|[^a-z])(?:a|b)++c(?>d+)(?=e)", "-ABCdde")]
    [InlineData("t:none", "@rx (?is)^a.b$", "A%0aB")]
    [InlineData("t:none", "@rx [\\s\\x0b]x|\\x{41}\\bq", "%0bx")]
    [InlineData("t:none", "@rx (?:\\$(?:\\((?:\\(.*\\)|.*)\\)|\\{.*\\})|[<>]\\(.*\\)|\\[!?.+\\])", "$((1))")]
    public void OperatorsAndTransformations_OfNewRules_MatchWhatTheyAreFor(string chain, string call, string value)
    {
        var files = Files(("words", "# comment\netc/passwd\n"));
        var program = Profile.Compile($"SecRule ARGS:q \"{call}\" \"id:1,phase:2,pass,{chain}\"", null, files);

        Assert.Equal([1], new Profile("") { Uri = "/?q=" + value }.Run(program).Ids);
    }

    [Fact]
    public void Include_OfNoFile_IsNoErrorWhereTheNameIsAPattern()
    {
        var parsed = SecLangParser.Parse(
            "Include plugins/*-config.conf\nInclude plugins/*-before.conf\nSecAction \"id:1,pass\"", "set-up",
            Files());

        Assert.False(parsed.HasErrors, string.Join("\n", parsed.Diagnostics));
        Assert.Single(parsed.Document.Directives);
    }

    [Fact]
    public void SetUp_OfNewRuleSets_IsUnderstood()
    {
        var settings = Profile.Compile("""
            SecRuleEngine On
            SecRequestBodyAccess On
            SecRequestBodyLimit 13107200
            SecRequestBodyNoFilesLimit 131072
            SecRequestBodyLimitAction Reject
            SecRequestBodyJsonDepthLimit 512
            SecArgumentsLimit 1000
            SecPcreMatchLimit 1000
            SecPcreMatchLimitRecursion 1000
            SecResponseBodyAccess On
            SecResponseBodyMimeType text/plain text/html text/xml
            SecTmpDir /tmp/
            SecAuditEngine RelevantOnly
            SecAuditLogRelevantStatus "^(?:5|4(?!04))"
            SecAuditLogParts ABIJDEFHZ
            SecUnicodeMapFile unicode.mapping 20127
            SecStatusEngine Off
            SecCollectionTimeout 600
            SecComponentSignature "OWASP_CRS/4.9.0"
            SecDefaultAction "phase:1,log,auditlog,pass"
            SecDefaultAction "phase:2,log,auditlog,pass"
            """).Settings;

        Assert.Equal((512, 1000), (settings.JsonDepthMax, settings.ArgumentsMax));
        Assert.Equal("OWASP_CRS/4.9.0", Assert.Single(settings.Components));
    }

    [Fact]
    public void Sampling_ByADigestOfTheRequestsName_TakesRulesOutByTag() => new Profile("""
        SecRule UNIQUE_ID "@rx ^[a-f]*([0-9])[a-f]*([0-9])" "id:1,phase:1,pass,capture,t:sha1,t:hexEncode,nolog,\
          setvar:'TX.sampling_rnd100=%{TX.1}%{TX.2}'"
        SecRule TX:sampling_rnd100 "!@lt 0" "id:2,phase:1,pass,ctl:ruleRemoveByTag=OWASP_CRS"
        SecAction "id:3,phase:2,pass,tag:'OWASP_CRS'"
        """) { Triggered = [1, 2], NotTriggered = [3] }.Check();

    private static string Part(string name, string headers, string value) =>
        $"--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n{headers}\r\n{value}\r\n";

    private static MemorySourceResolver Files(params (string Name, string Text)[] files) =>
        new(files.ToDictionary(file => file.Name, file => System.Text.Encoding.Latin1.GetBytes(file.Text)));
}
