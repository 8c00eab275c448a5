using WafOperator.Policies.Coverage;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Tests.Coverage;

public sealed class ModelProblemsTests
{
    private const string Base = "sha256:base";
    private const string Other = "sha256:other";

    /// <summary>What a sidecar says of the family gate, whose promoted version has the digest Base.</summary>
    public static TheoryData<string, string, string?> Reports => new()
    {
        { Base, "Loaded", null },
        { Base, "Loading", "Loading" },
        { Base, "Missing", "Missing" },
        { Base, "Failed", "Failed" },
        // Said of a candidate, or of a version before: nothing is known of the one that decides.
        { Other, "Loaded", "Loading" },
        { Other, "Failed", "Loading" },
    };

    [Theory, MemberData(nameof(Reports))]
    public void Of_EveryState_IsAProblemUnlessLoaded(string digest, string state, string? expected)
    {
        var problems = ModelProblems.Of(
            Policy(new ModelBlob { Version = "1.0.0", Digest = Base }), InspectionMode.Enforce,
            Said(("gate", digest, state)));

        Assert.Equal(expected is null ? [] : [expected], problems.Select(problem => problem.State));
    }

    [Fact]
    public void Of_AFamilyWithoutAVersion_IsWhatTheSidecarSays()
    {
        var problem = Assert.Single(
            ModelProblems.Of(Policy(null), InspectionMode.Detect, Said(("gate", "", "Missing"))));

        Assert.Equal(("gate", "Missing"), (problem.Model, problem.State));
    }

    [Theory]
    [InlineData(InspectionMode.Off, InspectionMode.Enforce)]
    [InlineData(InspectionMode.Enforce, InspectionMode.Off)]
    public void Of_AModeThatScoresNothing_HasNone(InspectionMode mode, InspectionMode models) => Assert.Empty(
        ModelProblems.Of(Policy(null) with { Mode = models }, mode, Said(("gate", "", "Missing"))));

    [Fact]
    public void Of_AFailedCandidateBesideALoadedBaseline_IsItsRolloutsMatter() => Assert.Empty(ModelProblems.Of(
        Policy(new ModelBlob { Version = "1.0.0", Digest = Base }), InspectionMode.Enforce,
        Said(("gate", Base, "Loaded"), ("gate", Other, "Failed"))));

    [Fact]
    public void AModelThatDoesNotScore_LeavesItsPodUnprogrammed_AndIsNamedWithIt()
    {
        CoveredPod[] pods =
        [
            new("a", null, "r", null),
            new("c", null, "r", null) { Models = [new("gate", "Failed", "wrong digest")] },
            new("b", null, "r", null) { Models = [new("gate", "Failed", "wrong digest"), new("cnn", "Loading", null)] },
        ];

        var count = CoverageCalculator.Count(pods, "r");

        Assert.Equal((3, 1, 2, 0), (count.Injected, count.Programmed, count.Stale, count.Missing));
        Assert.Equal("cnn Loading in b; gate Failed in b, c: wrong digest", ModelProblems.WordsOf(pods));
        Assert.Equal("cnn Loading in b; gate Failed in b and 1 more: wrong digest", ModelProblems.WordsOf(pods, 1));
        Assert.Equal("", ModelProblems.WordsOf(pods.Take(1)));
    }

    private static MlPolicy Policy(ModelBlob? baseline) => new()
    {
        Mode = InspectionMode.Enforce, Models = [new ModelAssignment { Model = "gate", Baseline = baseline }],
    };

    private static SidecarStatus Said(params (string Model, string Digest, string State)[] models) => new()
    {
        Models = [.. models.Select(m => new ModelStatus
        {
            Model = m.Model, Version = "1.0.0", Digest = m.Digest, State = m.State,
        })],
    };
}
