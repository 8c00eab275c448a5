using WafOperator.Pools;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Pools;

namespace WafOperator.Pools.Tests;

public sealed class ScoreParityTests
{
    private static readonly GoldenVector[] Golden =
        [new("a"u8.ToArray(), -4), new("b"u8.ToArray(), 0), new("c"u8.ToArray(), 6)];

    [Fact]
    public void EqualLogits_DoNotDeviate() => Assert.Equal(0, ScoreParity.Deviation(Golden, [-4, 0, 6], null));

    [Fact]
    public void TheLargestDifferenceInProbabilityCounts_WhereItDecidesSomething()
    {
        Assert.Equal(0.122, ScoreParity.Deviation(Golden, [-4, 0.5f, 6], null), 3);
        // The same difference far from the middle changes nothing that a threshold would see.
        Assert.InRange(ScoreParity.Deviation(Golden, [-4, 0, 6.5f], null), 0, 0.002);
    }

    [Fact]
    public void TheCalibrationOfThePackageIsUsed() =>
        Assert.Equal(0.231, ScoreParity.Deviation(Golden, [-4, 0.5f, 6], new Calibration { Slope = 2 }), 3);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ALogitThatIsNoNumber_DeviatesWithoutBound(float logit) =>
        Assert.Equal(double.PositiveInfinity, ScoreParity.Deviation(Golden, [-4, logit, 6], null));

    [Fact]
    public void MissingLogits_DeviateWithoutBound() =>
        Assert.Equal(double.PositiveInfinity, ScoreParity.Deviation(Golden, [-4], null));

    [Fact]
    public void ASubject_IsTheWayOfComputingAndThePackages_InAnyOrder()
    {
        var rung = new AcceleratorRung { Provider = ExecutionProvider.Cuda, Precision = ModelPrecision.Fp16 };
        var subject = ScoreParity.SubjectOf(rung, 0.1, ["a", "b"]);
        Assert.Equal(subject, ScoreParity.SubjectOf(rung with { Memory = "9Gi" }, 0.1, ["b", "a"]));
        Assert.NotEqual(subject, ScoreParity.SubjectOf(rung, 0.1, ["a"]));
        Assert.NotEqual(subject, ScoreParity.SubjectOf(rung, 0.2, ["a", "b"]));
        Assert.NotEqual(subject, ScoreParity.SubjectOf(rung with { Precision = ModelPrecision.Int8 }, 0.1, ["a", "b"]));
    }

    /// <summary>A package of values, and one of whole requests, which the server takes by another input.</summary>
    [Theory]
    [InlineData("models/packages", "payload-cnn-*.tar", "values")]
    [InlineData("tests/Scoring.Tests/Packages", "transformer-sample.tar", "requests")]
    public void APackage_HasGoldenVectors(string folder, string files, string input)
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "WafOperator.sln"))) root = Path.GetDirectoryName(root)!;
        var file = Directory.GetFiles(Path.Combine(root, folder), files).Order().Last();
        var package = ModelPackageReader.Read(File.ReadAllBytes(file), null, PackageLimits.Default).Package!;

        var vectors = ScoreParity.Read(package);

        Assert.InRange(vectors.Count, 50, ScoreParity.VectorsMax);
        Assert.All(vectors, vector => Assert.Equal(input, vector.Input));
    }
}
