using System.Text;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests.Packages;

public sealed class RuleEvidenceTests
{
    private static readonly JointCalibration Joint = new()
    {
        Slope = 1.5, Intercept = -0.5, Rules = new Dictionary<string, double> { ["942100"] = 1.25, ["941100"] = 2 },
    };

    private const int Part = 4;
    private static readonly Slice Short = new(100, 20);

    [Fact]
    public void Of_CountsEachKnownKeyOnce_AndOnlyThoseOfThePart()
    {
        var evidence = RuleEvidence.Of(Joint)!;

        Assert.Equal(0, Sum(evidence, Hit(901001), Hit(949110)));
        Assert.Equal(1.25, Sum(evidence, Hit(942100), Hit(901001), Hit(942100)));
        Assert.Equal(3.25, Sum(evidence, Hit(941100), Hit(942100)));
        Assert.Equal(0, evidence.Of([Hit(941100)], [Part + 1], Part, AttackSignals.None).LogOdds);
    }

    [Fact]
    public void Of_ManyRules_TakesTheStrongestFewAndIsBounded()
    {
        var rules = Enumerable.Range(1, 40).ToDictionary(i => $"{i}000", i => i / 10.0);
        var hits = Enumerable.Range(1, 40).Select(i => Hit(i * 1000)).ToArray();

        Assert.Equal(4.0 + 3.9 + 3.8, Sum(RuleEvidence.Of(
            new JointCalibration { Rules = rules, EvidenceMax = 50 })!, hits), 9);
        Assert.Equal(6, Sum(RuleEvidence.Of(new JointCalibration { Rules = rules })!, hits));
        Assert.Equal(4.0, Sum(RuleEvidence.Of(
            new JointCalibration { Rules = rules, StrongestRules = 1 })!, hits), 9);
    }

    /// <summary>
    /// Rules about one kind of attack look for the same words in the same bytes: the strongest of them speaks, in whatever
    /// order they matched, and rules of other kinds beside it.
    /// </summary>
    [Theory]
    [InlineData(new long[] { 941100, 941110, 941160 }, 2.0)]
    [InlineData(new long[] { 941110, 941160, 941100 }, 2.0)]
    [InlineData(new long[] { 941160, 932100, 941110 }, 2.0 + 0.5)]
    [InlineData(new long[] { 932100, 941110, 942100, 941160 }, 2.0 + 0.75 + 0.5)]
    [InlineData(new long[] { 941110, 942100, 932100, 930120, 941160 }, 2.0 + 1.75 + 0.75)]
    public void Of_RulesOfOneFamily_CountsTheStrongestOnly(long[] rules, double expected)
    {
        var weights = new Dictionary<string, double>
        {
            ["941100"] = 1, ["941110"] = 1.5, ["941160"] = 2, ["932100"] = 0.5, ["942100"] = 0.75, ["930120"] = 1.75,
        };
        var evidence = RuleEvidence.Of(new JointCalibration { Rules = weights })!;
        var hits = rules.Select(rule => Hit(rule) with { At = 10 }).ToArray();
        var places = Enumerable.Repeat(Part, hits.Length).ToArray();

        Assert.Equal(expected, Sum(evidence, hits), 9);
        Assert.Equal(expected, evidence.Around(hits, places, 0, 256).LogOdds, 9);
    }

    [Theory]
    [InlineData(20, null, 2.0)]
    [InlineData(256, null, 2.0)]
    [InlineData(256 * 2, null, 2.0 - 0.6931)]
    [InlineData(100_000, null, 0)]
    [InlineData(20, "handler", 3.0)]
    [InlineData(100_000, "handler", 3.0)]
    [InlineData(100_000, "rare", 2.0)]
    [InlineData(20, "tag", 2.0)]
    [InlineData(100_000, "tag", 0)]
    public void WeightOf_FallsWithTheLengthOfTheValue_ButNotForWhatADetectorNamed_UnlessDocumentsShowIt(
        int length, string? finding, double expected)
    {
        var evidence = RuleEvidence.Of(new JointCalibration
        {
            Rules = new Dictionary<string, double> { ["941100"] = 2, ["941100/handler"] = 3 },
            Support = new Dictionary<string, RuleSupport> { ["941100/tag"] = new() { Attacks = 9, Benign = 4 } },
        })!;

        Assert.Equal(expected, evidence.WeightOf(Hit(941100, finding, length)), 4);
    }

    /// <summary>
    /// Where models see an attack too, fitting gives what a detector found next to nothing. That no harmless request
    /// shows it is worth its rule's weight at least.
    /// </summary>
    [Theory]
    [InlineData(0.0, 400, 0, 2.0)]
    [InlineData(0.04, 400, 0, 2.0)]
    [InlineData(2.5, 400, 0, 2.5)]
    [InlineData(0.04, 400, 3, 0.04)]
    [InlineData(0.04, 0, 0, 0.04)]
    public void WeightOf_AFindingThatNoHarmlessRequestShows_IsNoLessThanItsRules(
        double fitted, int attacks, int benign, double expected)
    {
        var evidence = RuleEvidence.Of(new JointCalibration
        {
            Rules = new Dictionary<string, double> { ["942100"] = 2, ["942100/'sUAE1,1"] = fitted },
            Support = new Dictionary<string, RuleSupport>
            {
                ["942100/'sUAE1,1"] = new() { Attacks = attacks, Benign = benign },
            },
        })!;

        Assert.Equal(expected, evidence.WeightOf(Hit(942100, "'sUAE1,1")), 9);
    }

    /// <summary>A package from before findings were told apart says nothing of which are documents' markup.</summary>
    [Fact]
    public void WeightOf_AFindingOfARuleWithoutWeightsForFindings_FallsWithTheLength()
    {
        var evidence = RuleEvidence.Of(
            new JointCalibration { Rules = new Dictionary<string, double> { ["941100"] = 2 } })!;

        Assert.Equal(2, evidence.WeightOf(Hit(941100, "handler", 200)));
        Assert.Equal(0, evidence.WeightOf(Hit(941100, "handler", 100_000)));
    }

    [Theory]
    [InlineData(300, 100_000, 2.0 + 3.0)]
    [InlineData(300, 300, 2.0 + 3.0)]
    [InlineData(5_000, 100_000, 2.0)]
    [InlineData(-1, 100_000, 2.0)]
    public void Around_WhatMatchedNear_CountsInFullHoweverLongTheValueIs(int secondAt, int length, double expected)
    {
        var evidence = RuleEvidence.Of(new JointCalibration
        {
            Rules = new Dictionary<string, double> { ["942100"] = 2, ["932190"] = 3 },
        })!;
        RuleHit[] hits =
        [
            Hit(942100, null, length) with { At = 100 }, Hit(932190, null, length) with { At = secondAt },
            Hit(932190, null, length + 1) with { At = 100 },
        ];

        Assert.Equal(expected, evidence.Around(hits, [Part, Part, Part], 0, 256).LogOdds);
    }

    [Fact]
    public void ADecisiveRule_MakesThePartCritical_WhateverModelsThink()
    {
        var evidence = RuleEvidence.Of(new JointCalibration { Decisive = ["944150", "942100/s&1"] })!;
        var by = evidence.Of([Hit(944150)], [Part], Part, AttackSignals.None);

        Assert.Equal(RuleEvidence.Decisive, evidence.Join(1e-9, by));
        Assert.True(evidence.Of([Hit(942100, "s&1")], [Part], Part, AttackSignals.None).IsDecisive);
        Assert.False(evidence.Of([Hit(942100, "n")], [Part], Part, AttackSignals.None).IsDecisive);
    }

    [Theory]
    [InlineData(942100, "'o&1", true)]
    [InlineData(941100, "handler", true)]
    [InlineData(941100, "frame", false)]
    [InlineData(942190, null, false)]
    public void WithoutPublishedSupport_WhatParsersFindDecides_AndWithItOnlyWhatItNames(
        long rule, string? finding, bool expected)
    {
        var hit = Hit(rule, finding);
        var support = new Dictionary<string, RuleSupport> { ["942190"] = new() { Attacks = 1 } };

        Assert.Equal(expected, RuleEvidence.Of(Joint)!.Of([hit], [Part], Part, AttackSignals.None).IsDecisive);
        Assert.False(RuleEvidence.Of(Joint with { Support = support })!
            .Of([hit], [Part], Part, AttackSignals.None).IsDecisive);
    }

    [Fact]
    public void MoreEvidence_NeverLowersTheSum()
    {
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++)
        {
            var rules = Enumerable.Range(1, 12).ToDictionary(i => $"{i}", _ => random.NextDouble() * 4);
            var evidence = RuleEvidence.Of(new JointCalibration
            {
                Rules = rules, StrongestRules = random.Next(1, 6), EvidenceMax = random.Next(0, 9),
            })!;
            var hits = Enumerable.Range(0, 9)
                .Select(_ => Hit(random.Next(1, 14), null, random.Next(1, 5_000))).ToArray();
            for (var count = 1; count < hits.Length; count++)
                Assert.True(Sum(evidence, hits[..count]) <= Sum(evidence, hits[..(count + 1)]) + 1e-12);
        }
    }

    private static RuleHit Hit(long rule, string? finding = null, int length = 20) =>
        new(rule, finding, HitPlace.Part, Short with { Length = length }, -1);

    private static double Sum(RuleEvidence evidence, params RuleHit[] hits) =>
        evidence.Of(hits, [.. hits.Select(_ => Part)], Part, AttackSignals.None).LogOdds;

    [Theory]
    [InlineData("$ne", true, 2.5)]
    [InlineData("user[$regex]", true, 2.5)]
    [InlineData("user.$in", true, 2.5)]
    [InlineData("$x[$ne]", true, 2.5)]
    [InlineData("$ne", false, 0)]
    [InlineData("$net", true, 0)]
    [InlineData("a$ne", true, 0)]
    [InlineData("$filter", true, 0)]
    [InlineData("$", true, 0)]
    public void Sum_OfANameThatIsAQueryOperator_AddsItsWeight(string name, bool isName, double expected)
    {
        var evidence = RuleEvidence.Of(new JointCalibration
        {
            Signals = new Dictionary<string, double> { ["operatorName"] = 2.5, ["serialized"] = -1, ["other"] = 9 },
        })!;
        var signals = AttackSignal.Of(Encoding.ASCII.GetBytes(name), ValueFlags.Serialized, isName);

        Assert.Equal(expected, evidence.Of([], [], Part, signals).LogOdds);
    }

    [Fact]
    public void Join_AddsLogOdds()
    {
        var evidence = RuleEvidence.Of(Joint)!;

        Assert.Equal(1 / (1 + Math.Exp(0.5)), evidence.Join(0.5, default), 6);
        Assert.Equal(1 / (1 + Math.Exp(-1.5)), evidence.Join(0.5, new PartEvidence(2, false)), 6);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void Join_OfACertainModel_StaysAProbability(double certain)
    {
        var joined = RuleEvidence.Of(Joint)!.Join(certain, new PartEvidence(100, false));

        Assert.InRange(joined, 0, 1);
        Assert.False(double.IsNaN(joined));
    }

    [Fact]
    public void Of_AManifestThatMakesNoSense_IsNoEvidence()
    {
        Assert.Null(RuleEvidence.Of(null));
        Assert.Null(RuleEvidence.Of(Joint with { Slope = -1 }));
        Assert.Null(RuleEvidence.Of(Joint with { Intercept = double.NaN }));
        var rules = new Dictionary<string, double>
        {
            ["x"] = 1, ["1"] = -4, ["2"] = double.PositiveInfinity, ["3"] = 1,
        };
        Assert.Equal(1, Sum(RuleEvidence.Of(Joint with { Rules = rules })!, Hit(1), Hit(2), Hit(3)));
        Assert.Null(RuleEvidence.Of(Joint with { StrongestRules = 0 }));
        Assert.Null(RuleEvidence.Of(Joint with { LengthFree = 0 }));
        Assert.Null(RuleEvidence.Of(Joint with { EvidenceMax = double.NaN }));
    }
}
