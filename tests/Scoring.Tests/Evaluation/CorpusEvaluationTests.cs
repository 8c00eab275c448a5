namespace WafOperator.Scoring.Tests.Evaluation;

public sealed class CorpusEvaluationTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    [Fact]
    public void AloneThreshold_OfASecondStage_IsItsOwnAndNotTheCascades()
    {
        var cnn = models.Library.Find(models.Blob("payload-cnn"))!;
        var gate = models.Library.Find(models.Blob("gate"))!;

        Assert.Equal(cnn.Manifest.Thresholds["alone_fpr_0.005"], cnn.AloneThreshold);
        Assert.NotEqual(cnn.Manifest.Thresholds["fpr_0.005"], cnn.AloneThreshold);
        Assert.Equal(gate.Manifest.Thresholds["fpr_0.005"], gate.AloneThreshold);
    }
}
