using WafOperator.Controllers.Models;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Machine;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Candidate and promoted version on the same requests, or no promotion.</summary>
public sealed class EvaluationGatesTests
{
    private static readonly ModelEvaluation Good = new()
    {
        Digest = "sha256:1", Attacks = 300, Benign = 300, Recall = 0.99, FalsePositiveRate = 0,
    };

    private static readonly ModelComparison Same = new()
    {
        Digest = "sha256:1", BaselineDigest = "sha256:0", Corpus = "baseline", Benign00 = 300, Attack11 = 300,
    };

    [Fact]
    public void TheFirstVersion_NeedsNoComparison() =>
        Assert.Equal(StageOutcome.Succeeded, EvaluationGates.Judge(Good, new EvaluationSpec(), null).Outcome);

    [Fact]
    public void ANextVersion_PassesWhereItIsNoWorseOnBothCorpora() => Assert.Equal(
        StageOutcome.Succeeded, Judge(Same, Same with { Corpus = "candidate", Attack01 = 20 }).Outcome);

    public static TheoryData<EvaluationSpec, string> Missed => new()
    {
        { new() { MinimumRecall = "0.995" }, "recall 0.99 under 0.995" },
        { new() { MaximumFalsePositiveRate = "0.001" }, "false positives 0.002 over 0.001" },
        { new() { MaximumLatency = "400us" }, "latency 500 us at the 99th percentile over 400us" },
        { new() { MaximumRegressionPercent = "0.1" }, "recall 0.9967 on the promoted version's corpus" },
    };

    [Theory, MemberData(nameof(Missed))]
    public void EachGate_ThatIsTighterThanTheModel_Fails(EvaluationSpec spec, string words)
    {
        var report = Good with
        {
            FalsePositiveRate = 0.002, LatencyMicrosecondsP99 = 500,
            Comparisons = [Same with { Attack11 = 299, Attack10 = 1 }],
        };

        Assert.Equal(StageOutcome.Succeeded, EvaluationGates.Judge(report, new EvaluationSpec(), "sha256:0").Outcome);
        var result = EvaluationGates.Judge(report, spec, "sha256:0");

        Assert.Equal(StageOutcome.Failed, result.Outcome);
        Assert.Contains(words, result.Message, StringComparison.Ordinal);
    }

    public static TheoryData<ModelComparison[], string> Failing => new()
    {
        { [], "no comparison" },
        { [Same with { Error = "the model failed" }], "the model failed" },
        { [Same with { BaselineDigest = "sha256:9" }], "no comparison" },
        { [Same with { Attack11 = 200, Attack10 = 100 }], "recall 0.6667 on the promoted version's corpus" },
        { [Same with { Benign00 = 250, Benign01 = 50 }], "false positives 0.1667 on the promoted version's corpus" },
        { [Same, Same with { Corpus = "candidate", Attack11 = 200, Attack10 = 100 }], "on its own corpus" },
    };

    [Theory, MemberData(nameof(Failing))]
    public void ANextVersion_ThatIsWorseOnEitherCorpus_OrNotCompared_Fails(ModelComparison[] comparisons, string words)
    {
        var result = Judge(comparisons);

        Assert.Equal(StageOutcome.Failed, result.Outcome);
        Assert.Contains(words, result.Message, StringComparison.Ordinal);
    }

    private static StageResult Judge(params ModelComparison[] comparisons) =>
        EvaluationGates.Judge(Good with { Comparisons = comparisons }, new EvaluationSpec(), "sha256:0");
}
