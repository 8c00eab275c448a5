using System.Net;
using System.Net.Http.Headers;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>Rules and the released models in a running sidecar: who decides about what.</summary>
public sealed class JointDecisionTests
{
    private const string Attack = "1' union select username, password from users-- -";

    /// <summary>
    /// Anomaly scoring as OWASP CRS does it, with a rule for an attack, one for scanners and one that denies.
    /// </summary>
    private const string Rules = """
        SecRuleEngine On
        SecRequestBodyAccess On
        SecAction "id:1,phase:1,pass,nolog,setvar:tx.paranoia_level=1,setvar:tx.inbound_anomaly_score_threshold=5"
        SecRule REQUEST_HEADERS:User-Agent "@contains sqlmap" "id:913100,phase:1,pass,log,msg:'Scanner',\
            tag:'attack-reputation-scanner',setvar:'tx.anomaly_score_pl1=+5'"
        SecRule ARGS "@rx (?i)select" "id:942999,phase:2,pass,log,capture,msg:'SQL',tag:'attack-sqli',\
            setvar:'tx.anomaly_score_pl1=+5'"
        SecRule TX:PARANOIA_LEVEL "@ge 1" "id:949060,phase:2,pass,nolog,\
            setvar:'tx.anomaly_score=+%{tx.anomaly_score_pl1}'"
        SecRule TX:ANOMALY_SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,log,\
            msg:'Inbound Anomaly Score Exceeded'"
        SecRule ARGS:own "@streq deny" "id:100001,phase:2,deny,status:403,msg:'own'"
        """;

    [Theory]
    [InlineData(DecisionKind.Joint, "None")]
    [InlineData(DecisionKind.Models, "None")]
    [InlineData(DecisionKind.Rules, "Rules")]
    [InlineData(DecisionKind.Either, "Rules")]
    public async Task TextThatOnlyRulesObjectTo_IsDecidedByTheMode(DecisionKind decision, string reason)
    {
        var found = await SendAsync(Policy(decision), "/?q=please+select+a+gift");

        Assert.Equal(reason, found.Reason);
        Assert.Equal(reason == "None" ? VerdictKind.Allow : VerdictKind.Block, found.Verdict);
        // A near miss shows what models said.
        if (decision is DecisionKind.Joint) Assert.Contains(found.Models, model => model.Model == "gate");
    }

    [Theory]
    [InlineData("/?q=tea&own=deny", "browser", "Rules", "rule 100001")]
    [InlineData("/?q=tea", "sqlmap/1.7", "Rules", "by rules that models do not judge")]
    [InlineData("/?q=" + Attack, "browser", "Model", "models score")]
    public async Task Joint_RefusesWhatEachKnows(string target, string agent, string reason, string message)
    {
        var found = await SendAsync(Policy(DecisionKind.Joint), target, agent);

        Assert.Equal((VerdictKind.Block, reason), (found.Verdict, found.Reason));
        Assert.Contains(message, found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Joint_WhereModelsCannotSeeEverything_RulesDecide()
    {
        var filler = string.Concat(Enumerable.Range(0, 2_100).Select(i => $"&f{i}=b"));
        var found = await SendAsync(Policy(DecisionKind.Joint), "/", form: "q=please+select+a+gift" + filler);

        Assert.Equal((VerdictKind.Block, "Rules"), (found.Verdict, found.Reason));
        Assert.Contains("models did not see everything: Parts", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Joint_WithoutItsModel_RulesDecide()
    {
        var policy = Policy(DecisionKind.Joint);
        policy = policy with { Ml = policy.Ml! with { Models = [new ModelAssignment { Model = "gone" }] } };
        var found = await SendAsync(policy, "/?q=please+select+a+gift");

        Assert.Equal((VerdictKind.Block, "Rules"), (found.Verdict, found.Reason));
    }

    [Fact]
    public async Task TheFirstRequestAfterAStart_IsScored_WithinTheDefaultBudget()
    {
        var policy = Policy(DecisionKind.Joint);
        policy = policy with { Ml = policy.Ml! with { LatencyBudget = new MlPolicy().LatencyBudget } };
        var found = await SendAsync(policy, "/?q=" + Attack);

        Assert.Equal((VerdictKind.Block, "Model"), (found.Verdict, found.Reason));
        Assert.All(found.Models, model => Assert.Contains(model.Outcome, (string[])["Scored", "Skipped"]));
    }

    [Fact]
    public async Task ASampleOfAllowedRequests_IsLoggedWithScores()
    {
        var policy = Policy(DecisionKind.Joint);
        policy = policy with { Logging = policy.Logging with { SampleAllowedPercent = 100 } };
        var found = await SendAsync(policy, "/?q=green+tea,+100+g+(organic)");

        Assert.Equal((VerdictKind.Allow, "None"), (found.Verdict, found.Reason));
        Assert.NotNull(found.Score);
        Assert.Contains(found.Models, model => model.Outcome == "Scored");
    }

    private static PolicyDocument Policy(DecisionKind decision) =>
        TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Decision = decision,
            Ml = new MlPolicy
            {
                Mode = InspectionMode.Enforce,
                Models = [Assignment("gate"), Assignment("payload-cnn")],
                MediumAction = RiskActionKind.Block,
                LatencyBudget = TimeSpan.FromSeconds(10),
            },
        };

    private static async Task<SecurityEvent> SendAsync(
        PolicyDocument policy, string target, string agent = "browser", string? form = null)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, models: Packages());
        using var client = sidecar.Client();
        using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, target);
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        if (form is not null)
        {
            request.Content = new StringContent(form);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded");
        }

        using var answer = await client.SendAsync(request);
        var found = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(found.Verdict is VerdictKind.Allow, answer.StatusCode is HttpStatusCode.OK);
        return found;
    }

    private static ModelAssignment Assignment(string family) => new()
    {
        Model = family,
        Baseline = new ModelBlob
        {
            Version = "1.0.0",
            Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(Packages(), $"{family}-1.0.0.tar"))),
        },
    };

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
