using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests;

/// <summary>
/// Whatever models did not look at is a gap of its own; only a whole look is <c>Scored</c> without one.
/// </summary>
public sealed class ModelGapsTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private const string Attack = "1' UNION SELECT username, password FROM users-- -";
    private static readonly ExclusionProgram NoExclusions = new([]);

    [Fact]
    public void AWholeLook_HasNoGap() => Expect(Form("q=tea"), ScoringOutcome.Scored, ModelGaps.None);

    [Theory]
    [InlineData(RequestScorer.PartsMax - 10, ScoringOutcome.Scored, ModelGaps.None)]
    [InlineData(RequestScorer.PartsMax + 1, ScoringOutcome.Partial, ModelGaps.Parts)]
    [InlineData(4 * RequestScorer.PartsMax, ScoringOutcome.Partial, ModelGaps.Parts)]
    public void MorePartsThanAreScored_AreAGap(int fields, ScoringOutcome outcome, ModelGaps gaps)
    {
        var filler = string.Concat(Enumerable.Range(0, fields).Select(i => $"f{i}=b&"));

        Expect(Form(filler + "q=tea"), outcome, gaps);
    }

    [Fact]
    public void AValueLongerThanIsRead_IsAGap()
    {
        var value = string.Concat(Enumerable.Repeat("please leave it at the door ", 40_000));

        Expect(
            Form("q=" + value), ScoringOutcome.Partial, ModelGaps.Window,
            models.Policy() with { LatencyBudget = TimeSpan.FromMilliseconds(1) });
        Expect(Form("q=" + value), ScoringOutcome.Scored, ModelGaps.None);
    }

    [Fact]
    public void ARawBodyLongerThanItsPart_IsAGap()
    {
        var text = string.Concat(Enumerable.Repeat("please leave it at the door ", 4_000));

        Expect(Post("text/plain", text), ScoringOutcome.Partial, ModelGaps.Window);
    }

    [Fact]
    public void AnEndedBudget_IsAGap() => Expect(
        Form("q=tea"), ScoringOutcome.TimedOut, ModelGaps.Budget,
        models.Policy() with { LatencyBudget = TimeSpan.Zero });

    [Fact]
    public async Task AModelThatNobodyHas_IsMissing_AndOneThatWasNeverAskedForIsCold()
    {
        var blob = new ModelBlob { Version = "1.0.0", Digest = "sha256:" + new string('0', 64) };
        var policy = models.Policy() with
        {
            Models = [models.Assignment("gate"), new ModelAssignment { Model = "other", Baseline = blob }],
        };
        Expect(Form("q=tea"), ScoringOutcome.Unavailable, ModelGaps.Cold, policy);
        var library = new ModelLibrary(
            [new FolderPackageSource(models.Folder, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, _ => { }), TimeProvider.System);
        await library.PrepareAsync(policy, CancellationToken.None);
        var program = ScoringProgram.Build(policy, library, null, null);

        Assert.Equal(ModelGaps.Missing, program.Gaps);
        Assert.Equal(
            (ScoringOutcome.Unavailable, ModelGaps.Missing), Ends(ReleasedModels.Scorer.Score(
                program, NoExclusions, Form("q=tea"), new ScoringFacts { Route = "" })));
    }

    [Fact]
    public void AGap_DoesNotHideWhatWasFound()
    {
        var filler = string.Concat(Enumerable.Range(0, RequestScorer.PartsMax).Select(i => $"&f{i}=b"));
        var result = Score(Form($"q={Uri.EscapeDataString(Attack)}{filler}"));

        Assert.Equal((RiskLevel.Critical, ModelGaps.Parts), (result.Risk, result.Gaps));
    }

    private void Expect(CanonicalRequest request, ScoringOutcome outcome, ModelGaps gaps, MlPolicy? policy = null) =>
        Assert.Equal((outcome, gaps), Ends(Score(request, policy)));

    private static (ScoringOutcome Outcome, ModelGaps Gaps) Ends(in ScoringResult result) =>
        (result.Outcome, result.Gaps);

    private ScoringResult Score(CanonicalRequest request, MlPolicy? policy = null) => ReleasedModels.Scorer.Score(
        models.Program(policy ?? models.Policy()), NoExclusions, request, new ScoringFacts { Route = "" });

    private static CanonicalRequest Form(string body) => Post("application/x-www-form-urlencoded", body);

    private static CanonicalRequest Post(string type, string body)
    {
        var request = new CanonicalRequest(HttpLimits.Default with { BodyBytesMax = 4 << 20 });
        request.Begin("POST", "/comments", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Content-Type", type);
        request.EndHeaders();
        request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
        return request;
    }
}
