using System.Text;
using WafOperator.Features;
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

    [Fact]
    public void Sum_CountsEachKnownRuleOnce()
    {
        var evidence = RuleEvidence.Of(Joint)!;

        Assert.Equal(0, evidence.Sum([901001, 949110]));
        Assert.Equal(1.25, evidence.Sum([942100, 901001, 942100]));
        Assert.Equal(3.25, evidence.Sum([941100, 942100]));
    }

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

        Assert.Equal(expected, evidence.Sum([], signals));
    }

    [Fact]
    public void Join_AddsLogOdds()
    {
        var evidence = RuleEvidence.Of(Joint)!;

        Assert.Equal(1 / (1 + Math.Exp(0.5)), evidence.Join(0.5, 0), 6);
        Assert.Equal(1 / (1 + Math.Exp(-1.5)), evidence.Join(0.5, 2), 6);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void Join_OfACertainModel_StaysAProbability(double certain)
    {
        var joined = RuleEvidence.Of(Joint)!.Join(certain, 100);

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
        Assert.Equal(1, RuleEvidence.Of(Joint with { Rules = rules })!.Sum([1, 2, 3]));
    }
}
