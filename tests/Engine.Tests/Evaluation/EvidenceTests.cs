using WafOperator.Engine.Transformations;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>What rules found in which value, and the anomaly score apart from the rule that judges it.</summary>
public sealed class EvidenceTests
{
    /// <summary>Anomaly scoring as CRS 3 and CRS 4 write it, on three rules.</summary>
    private const string Crs3 = """
        SecRuleEngine On
        SecRequestBodyAccess On
        SecAction "id:90000000,phase:1,pass,nolog,setvar:tx.paranoia_level=1,\
          setvar:tx.inbound_anomaly_score_threshold=5,setvar:tx.critical_anomaly_score=5"
        SecRule REQUEST_HEADERS:User-Agent "@contains sqlmap" \
          "id:913100,phase:2,pass,log,tag:'attack-reputation-scanner',\
          setvar:'tx.anomaly_score_pl1=+%{tx.critical_anomaly_score}'"
        SecRule ARGS|REQUEST_COOKIES "@contains union select" "id:942190,phase:2,pass,log,capture,tag:'attack-sqli',\
          setvar:'tx.anomaly_score_pl1=+%{tx.critical_anomaly_score}'"
        SecRule ARGS "@detectSQLi" "id:942100,phase:2,pass,log,capture,tag:'attack-sqli',\
          setvar:'tx.anomaly_score_pl1=+%{tx.critical_anomaly_score}'"
        SecRule ARGS "@contains union" "id:942999,phase:2,pass,log,tag:'attack-sqli',chain"
          SecRule ARGS "@contains never" "setvar:'tx.anomaly_score_pl1=+5'"
        SecRule ARGS "@contains union" "id:942998,phase:2,pass,log,tag:'attack-sqli',setvar:'tx.anomaly_score_pl2=+5'"
        SecRule TX:PARANOIA_LEVEL "@ge 1" "id:949060,phase:2,pass,nolog,\
          setvar:'tx.anomaly_score=+%{tx.anomaly_score_pl1}'"
        SecRule TX:ANOMALY_SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,log,\
          msg:'Inbound Anomaly Score Exceeded (Total Score: %{TX.ANOMALY_SCORE})'"
        SecRule ARGS:own "@streq deny" "id:100001,phase:2,deny,status:418"
        """;

    private static readonly string Crs4 = Crs3
        .Replace("tx.anomaly_score_pl", "tx.inbound_anomaly_score_pl", StringComparison.Ordinal)
        .Replace("tx.anomaly_score=+", "tx.blocking_inbound_anomaly_score=+", StringComparison.Ordinal)
        .Replace("TX.ANOMALY_SCORE", "TX.BLOCKING_INBOUND_ANOMALY_SCORE", StringComparison.Ordinal)
        .Replace("TX:ANOMALY_SCORE", "TX:BLOCKING_INBOUND_ANOMALY_SCORE", StringComparison.Ordinal)
        .Replace("paranoia_level", "blocking_paranoia_level", StringComparison.Ordinal)
        .Replace("TX:PARANOIA_LEVEL", "TX:BLOCKING_PARANOIA_LEVEL", StringComparison.Ordinal);

    private static readonly MemorySourceResolver NoFiles = new(new Dictionary<string, byte[]>());

    private const string Attack = "/?q=1' union select 1,2 -- &n=tea";

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void TheScoresOwnRule_DoesNotInterrupt_WhereItIsDeferred(int crs)
    {
        using var deferred = Evaluate(crs, Attack, defers: true);
        using var ordinary = Evaluate(crs, Attack, defers: false);

        Assert.Null(deferred.Interruption);
        Assert.Equal((949110L, 403), (deferred.ScoreJudgement!.RuleId, deferred.ScoreJudgement.Status));
        Assert.Contains("Total Score: 10", deferred.ScoreJudgement.Message, StringComparison.Ordinal);
        Assert.Equal(949110, ordinary.Interruption!.RuleId);
        Assert.Null(ordinary.ScoreJudgement);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void ARuleBehindIt_ThatDeniesByItself_StillInterrupts(int crs)
    {
        using var transaction = Evaluate(crs, Attack + "&own=deny", defers: true);

        Assert.Equal((100001L, 418), (transaction.Interruption!.RuleId, transaction.Interruption.Status));
        Assert.NotNull(transaction.ScoreJudgement);
    }

    [Theory]
    [InlineData(3, "browser", 0)]
    [InlineData(4, "browser", 0)]
    [InlineData(3, "sqlmap/1.7", 5)]
    [InlineData(4, "sqlmap/1.7", 5)]
    public void TheStandingScore_IsThatOfRulesWhichModelsDoNotJudge(int crs, string agent, long expected)
    {
        using var transaction = Evaluate(crs, Attack, defers: true, agent);

        Assert.Equal(expected, transaction.StandingScore);
    }

    [Fact]
    public void Hits_NameTheValueAndWhatADetectorFound()
    {
        using var transaction = Evaluate(3, Attack, defers: true);
        var value = transaction.Work.Values.Request.QueryArguments[0].Value;

        Assert.All(transaction.Hits, hit => Assert.Equal((HitPlace.Part, value), (hit.Place, hit.Value)));
        Assert.Equal([942190, 942100, 942998], transaction.Hits.Select(hit => hit.RuleId));
        Assert.Equal([false, true, false], transaction.Hits.Select(hit => hit.Finding is { Length: > 0 }));
        Assert.Equal(3, transaction.Hits[0].At);
    }

    /// <summary>The rule of scripts captures nothing, in CRS as here; what was found is evidence still.</summary>
    [Fact]
    public void Hits_NameWhatADetectorFound_WhereTheRuleCapturesNothing()
    {
        var rules = Crs3.Replace(
            "SecRule ARGS \"@detectSQLi\"",
            "SecRule ARGS \"@detectXSS\" \"id:941100,phase:2,pass,log,tag:'attack-xss'\"\nSecRule ARGS \"@detectSQLi\"",
            StringComparison.Ordinal);
        using var transaction = Run(
            Compiled(rules, EngineLimits.Default), "/?q=%3Cimg%20src=x%20onerror=alert(1)%3E", true, "browser");

        Assert.Equal("handler", Assert.Single(transaction.Hits).Finding);
    }

    [Fact]
    public void AChainThatFails_LeavesNoHit()
    {
        using var failed = Evaluate(3, Attack, defers: true);
        using var whole = Evaluate(3, "/?q=union&b=never", defers: true);

        Assert.DoesNotContain(failed.Hits, hit => hit.RuleId == 942999);
        Assert.Equal(2, whole.Hits.Count(hit => hit.RuleId == 942999));
    }

    [Fact]
    public void MoreHitsThanAreKept_AreCounted()
    {
        var query = string.Join('&', Enumerable.Range(0, 40).Select(i => $"a{i}=union select"));
        using var transaction = Evaluate(
            3, "/?" + query, defers: true, limits: EngineLimits.Default with { HitsMax = 10 });

        Assert.Equal(10, transaction.Hits.Count);
        Assert.Equal((40 * 2) - 10, transaction.DroppedHits);
    }

    [Fact]
    public void AReusedTransaction_RemembersNothing()
    {
        var program = Compile(3, EngineLimits.Default);
        Run(program, Attack, true, "sqlmap").Dispose();
        using var next = Run(program, "/?q=tea", false, "browser");

        Assert.Empty(next.Hits);
        Assert.Equal((0L, null), (next.StandingScore, next.ScoreJudgement));
    }

    [Theory]
    [InlineData(942100, "attack-sqli", RuleClass.Attack)]
    [InlineData(4711, "attack-injection-php", RuleClass.Attack)]
    [InlineData(921110, "attack-protocol", RuleClass.Attack)]
    [InlineData(942100, "", RuleClass.Attack)]
    [InlineData(911100, "attack-generic", RuleClass.Standing)]
    [InlineData(913100, "attack-reputation-scanner", RuleClass.Standing)]
    [InlineData(920120, "attack-protocol", RuleClass.Attack)]
    [InlineData(920121, "attack-protocol", RuleClass.Attack)]
    [InlineData(920420, "attack-protocol", RuleClass.Standing)]
    [InlineData(922110, "attack-multipart-header", RuleClass.Standing)]
    [InlineData(930130, "attack-lfi", RuleClass.Standing)]
    [InlineData(933110, "attack-injection-php", RuleClass.Standing)]
    [InlineData(932180, "attack-rce", RuleClass.Standing)]
    [InlineData(4711, "attack-dos", RuleClass.Standing)]
    [InlineData(4711, "", RuleClass.Standing)]
    public void Classes(long id, string tag, RuleClass expected) => Assert.Equal(expected, RuleClasses.Of(id, [tag]));

    [Theory]
    [InlineData("SecRule TX:hits \"@ge 3\" \"id:1,phase:2,deny\"")]
    [InlineData("SecRule TX:anomaly_score \"@eq 5\" \"id:1,phase:2,deny\"")]
    [InlineData("SecRule TX:anomaly_score \"@ge 5\" \"id:1,phase:2,deny,chain\"\nSecRule ARGS \"@rx x\" \"\"")]
    [InlineData("SecRule TX:outbound_anomaly_score \"@ge 4\" \"id:1,phase:4,deny\"")]
    [InlineData("SecRule ARGS \"@rx x\" \"id:1,phase:2,deny\"")]
    public void OnlyAComparisonOfTheRequestsScore_Judges(string rule)
    {
        var parsed = SecLangParser.Parse([SecLangSource.FromText("test", rule)], NoFiles);
        var program = RuleProgram.Compile(parsed.Document, EngineOptions.Default).Program!;

        Assert.All(program.Parts.Heads, head => Assert.False(head.JudgesScore));
        Assert.Contains(
            Compile(3, EngineLimits.Default).Parts.Heads, head => head is { Id: 949110, JudgesScore: true });
    }

    private static Transaction Evaluate(
        int crs, string target, bool defers, string agent = "browser", EngineLimits? limits = null) =>
        Run(Compile(crs, limits ?? EngineLimits.Default), target, defers, agent);

    private static Transaction Run(RuleProgram program, string target, bool defers, string agent)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", target.Replace(" ", "%20", StringComparison.Ordinal), "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("User-Agent", agent);
        request.EndHeaders();
        var transaction = program.Rent();
        transaction.DefersScore = defers;
        transaction.Begin(request, default);
        if (transaction.EvaluateRequestHeaders() is not null) return transaction;
        request.EndBody();
        transaction.EvaluateRequestBody();
        return transaction;
    }

    private static RuleProgram Compile(int crs, EngineLimits limits) => Compiled(crs == 3 ? Crs3 : Crs4, limits);

    private static RuleProgram Compiled(string rules, EngineLimits limits)
    {
        var parsed = SecLangParser.Parse([SecLangSource.FromText("test", rules)], NoFiles);
        var compilation = RuleProgram.Compile(parsed.Document, EngineOptions.Default with { Limits = limits });
        Assert.True(compilation.Program is not null, string.Join('\n', compilation.Diagnostics));
        return compilation.Program!;
    }
}
