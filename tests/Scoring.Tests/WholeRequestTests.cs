using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Tests.Packages;
using PartKind = WafOperator.Protocols.Policies.PartKind;

namespace WafOperator.Scoring.Tests;

/// <summary>A model that reads whole requests beside those that read their parts.</summary>
public sealed class WholeRequestTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private const string Attack = "1' UNION SELECT username, password FROM users-- -";

    private static readonly ExclusionProgram NoExclusions = new([]);

    [Fact]
    public void WhatThePartsLeaveOpen_ItRaises_AndSaysFamilyTypeAndWidth()
    {
        var result = Score(Program(SampleTransformer.Saying(0.97)), "green tea, 100 g");

        Assert.Equal((RiskLevel.Critical, RiskActionKind.Block), (result.Risk, result.Action));
        Assert.Equal(0.97, result.Score, 1e-9);
        var whole = Whole(result);
        Assert.Equal(("Scored", 0.97), (whole.Outcome, whole.Score));
        Assert.Contains(whole.Family, SampleTransformer.Manifest.Families);
        Assert.StartsWith(whole.Family + "/", whole.Type, StringComparison.Ordinal);
        Assert.True(whole.Uncertainty > 0);
        Assert.Equal(whole.Family, result.Family);
        Assert.Null(whole.Part);
    }

    /// <summary>What stands around an attack is in the same row; it must not talk the attack down.</summary>
    [Fact]
    public void WhatThePartsFind_ItDoesNotLower()
    {
        var without = Score(models.Program(models.Policy()), Attack);
        var with = Score(Program(SampleTransformer.Saying(0.001)), Attack);

        Assert.Equal((without.Score, without.Family, without.Part), (with.Score, with.Family, with.Part));
        Assert.Equal(0.001, Whole(with).Score, 1e-9);
    }

    [Fact]
    public void BelowItsBand_ItIsNotAsked()
    {
        var result = Score(Program(SampleTransformer.Saying(0.97, low: 0.5)), "green tea, 100 g");

        Assert.Equal((RiskLevel.None, ModelGaps.None), (result.Risk, result.Gaps));
        Assert.Equal("Skipped", Whole(result).Outcome);
    }

    [Theory]
    [InlineData(RiskActionKind.Allow)]
    [InlineData(RiskActionKind.Log)]
    [InlineData(RiskActionKind.Block)]
    public void AnAnswerThatIsTooWide_LeadsToWhatThePolicySays(RiskActionKind uncertain)
    {
        var program = Program(
            SampleTransformer.Saying(0.2, uncertain: 0), policy => policy with { UncertainAction = uncertain });
        var result = Score(program, "green tea, 100 g");

        Assert.True(result.IsUncertain);
        Assert.Equal((RiskLevel.None, uncertain), (result.Risk, result.Action));
        Assert.Equal(Whole(result).Uncertainty!.Value, result.Uncertainty, 1e-4);
        Assert.Equal(RiskActionKind.Block, Score(program, Attack).Action);
    }

    /// <summary>The next and larger model is for what the first is unsure of, and its word is the last.</summary>
    [Theory]
    [InlineData(0, "Scored", false)]
    [InlineData(1_000, "Skipped", false)]
    public void TheNextModel_IsAskedWhereTheFirstIsUncertain(double uncertain, string outcome, bool isUncertain)
    {
        var first = SampleTransformer.Archive(SampleTransformer.Saying(0.2, uncertain: uncertain));
        var second = SampleTransformer.Archive(SampleTransformer.Saying(0.3) with { Name = "next" });
        var program = SampleTransformer.Program(models, policy => policy with
        {
            Models =
            [
                .. policy.Models,
                new ModelAssignment { Model = "next", Baseline = SampleTransformer.BlobOf(second) },
            ],
        }, first, second);
        var result = Score(program, "green tea, 100 g");

        Assert.Equal(outcome, Assert.Single(result.Models, m => m.Model == "next").Outcome);
        Assert.Equal((isUncertain, outcome == "Scored" ? 0.3 : 0.2), (result.IsUncertain, Math.Round(result.Score, 6)));
    }

    [Fact]
    public void ASureAnswer_IsNotUncertain()
    {
        var result = Score(Program(SampleTransformer.Saying(0.2)), "green tea, 100 g");

        Assert.Equal((false, RiskActionKind.Allow), (result.IsUncertain, result.Action));
        Assert.True(result.Uncertainty > 0);
    }

    [Fact]
    public void RowsThatItDoesNotRead_AreAGap()
    {
        var body = string.Join('&', Enumerable.Range(0, 900).Select(i => $"f{i}=apples,+pears+(and)+plums"));
        var result = Score(Program(SampleTransformer.Saying(0.2)), SampleTransformer.Form(body));

        Assert.Equal((ScoringOutcome.Partial, ModelGaps.Window), (result.Outcome, result.Gaps));
        Assert.Equal("Scored", Whole(result).Outcome);
    }

    /// <summary>
    /// Nobody saw them where there are no models of parts, and a client chose how many there are: rules have their say.
    /// </summary>
    [Fact]
    public void RowsThatNobodyReads_AreAGapOfTheBudget()
    {
        var body = string.Join('&', Enumerable.Range(0, 900).Select(i => $"f{i}=apples,+pears+(and)+plums"));
        var program = Program(
            SampleTransformer.Saying(0.2),
            policy => policy with { Models = [.. policy.Models.Where(m => m.Model == SampleTransformer.Name)] });
        var result = Score(program, SampleTransformer.Form(body));

        Assert.Equal((ScoringOutcome.TimedOut, ModelGaps.Budget), (result.Outcome, result.Gaps));
        var hit = new RuleHit(942100, null, HitPlace.Body, default, -1);
        var found = ReleasedModels.Scorer.Score(
            program, NoExclusions, ReleasedModels.Search("tea"), new ScoringFacts { Route = "", Hits = [hit] });
        Assert.True(found.HasUnjudgedHits);
    }

    /// <summary>What it did not read to its end is no vote for harmlessness.</summary>
    [Fact]
    public void InAnAverage_RowsThatItDoesNotRead_LowerNothing()
    {
        MlPolicy Weighted(MlPolicy policy) => policy with { Ensemble = EnsembleKind.Weighted };
        var filler = string.Join('&', Enumerable.Range(0, 900).Select(i => $"f{i}=apples,+pears+(and)+plums"));
        var request = $"q={Uri.EscapeDataString(Attack)}&{filler}";
        var without = Score(models.Program(models.Policy(EnsembleKind.Weighted)), SampleTransformer.Form(request));
        var with = Score(Program(SampleTransformer.Saying(0.001), Weighted), SampleTransformer.Form(request));

        Assert.Equal(without.Score, with.Score, 1e-9);
    }

    /// <summary>A budget for the parts and not for rows: said as a gap, and no failure of the models.</summary>
    [Fact]
    public void WithoutWorkLeft_ItReadsNothing_AndSaysSo()
    {
        var budget = TimeSpan.FromMicroseconds(3);
        var program = Program(SampleTransformer.Saying(0.97), policy => policy with { LatencyBudget = budget });
        var result = Score(program, new string('x', 40) + " = tea");

        Assert.Equal((RiskLevel.None, ModelGaps.Window), (result.Risk, result.Gaps & ~ModelGaps.Budget));
    }

    [Fact]
    public void WithoutModelsOfParts_ItReadsEveryRequest()
    {
        var program = Program(
            SampleTransformer.Saying(0.97, low: 0.5),
            policy => policy with { Models = [.. policy.Models.Where(m => m.Model == SampleTransformer.Name)] });
        var result = Score(program, "tea");

        Assert.Equal((ScoringOutcome.Scored, RiskLevel.Critical), (result.Outcome, result.Risk));
    }

    [Theory]
    [InlineData(EnsembleKind.Weighted)]
    [InlineData(EnsembleKind.Any)]
    public void InTheOtherEnsembles_ItIsOneOfThem(EnsembleKind ensemble)
    {
        var manifest = SampleTransformer.Manifest with
        {
            Calibration = new() { Slope = 0, Intercept = 4 },
        };
        var program = Program(manifest, policy => policy with { Ensemble = ensemble });
        var result = Score(program, "green tea, 100 g");

        Assert.Equal(0.982, Whole(result).Score, 1e-3);
        Assert.True(result.Score > Score(models.Program(models.Policy(ensemble)), "green tea, 100 g").Score);
    }

    [Theory]
    [InlineData("transformer-sample", null)]
    [InlineData(null, "sqli")]
    public void WhatAnExclusionSpeaksOf_IsLeftOutOfItsRows(string? model, string? family)
    {
        var exclusion = new Exclusion
        {
            Name = "search", Path = "/search", Part = PartKind.Parameter, PartName = "q",
            Models = model is null ? [] : [model], Families = family is null ? [] : [family],
        };
        var program = Program(SampleTransformer.Manifest);
        var words = new[] { "green tea, (100 g) & more", "<svg/onload=alert(1)> ../../etc/passwd" };
        var open = words.Select(w => Width(program, NoExclusions, w)).ToArray();
        var closed = words.Select(w => Width(program, new ExclusionProgram([exclusion]), w)).ToArray();

        Assert.NotEqual(open[0], open[1]);
        Assert.Equal(closed[0], closed[1]);
    }

    [Fact]
    public void InARollout_BothVersionsReadTheSameRequests()
    {
        var (baseline, candidate) = (
            SampleTransformer.Archive(SampleTransformer.Saying(0.2)),
            SampleTransformer.Archive(SampleTransformer.Saying(0.97)));
        var program = SampleTransformer.Program(models, policy => policy with
        {
            Models =
            [
                .. policy.Models.Select(m => m.Model != SampleTransformer.Name ? m : m with
                {
                    Candidate = SampleTransformer.BlobOf(candidate), RolloutSalt = "s",
                }),
            ],
        }, baseline, candidate);
        for (var i = 0; i < 20; i++) Score(program, i % 2 == 0 ? "green tea, 100 g" : Attack);

        var counters = Assert.Single(program.Tallies).Read();
        Assert.Equal((20, 0), (counters.BaselineDecided, counters.CandidateDecided));
        Assert.Equal((10, 10), (counters.PairsB0C1, counters.PairsB1C1));
        Assert.True(counters.CandidateLatency.Sum() > 0 && counters.BaselineLatency.Sum() > 0);
    }

    private double? Width(ScoringProgram program, ExclusionProgram exclusions, string value) =>
        Whole(Score(program, ReleasedModels.Search(value), exclusions)).Uncertainty;

    private ScoringProgram Program(
        Protocols.Models.ModelManifest manifest, Func<MlPolicy, MlPolicy>? change = null) =>
        SampleTransformer.Program(models, change ?? (policy => policy), SampleTransformer.Archive(manifest));

    private static ModelResult Whole(ScoringResult result) =>
        Assert.Single(result.Models, m => m.Model == SampleTransformer.Name);

    private static ScoringResult Score(ScoringProgram program, string value) =>
        Score(program, ReleasedModels.Search(value));

    private static ScoringResult Score(
        ScoringProgram program, CanonicalRequest request, ExclusionProgram? exclusions = null) =>
        ReleasedModels.Scorer.Score(
            program, exclusions ?? NoExclusions, request, new ScoringFacts { Route = "", WantsExplanation = true });
}
