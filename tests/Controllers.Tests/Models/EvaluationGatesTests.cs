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
