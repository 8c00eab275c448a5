using WafOperator.Cli.Models;
using WafOperator.Cli.Running;
using WafOperator.Resources;
using WafOperator.Resources.Models;

namespace WafOperator.Cli.Tests.Models;

public sealed class ModelStepTests
{
    private static ModelVersion Version(ModelPhase phase, string message = "", bool held = false,
        bool abort = false) => new()
    {
        Metadata = new ObjectMeta { Name = "gate-2" },
        Spec = new ModelVersionSpec
        {
            Model = "gate", Version = "2.0.0", Suspend = held, Abort = abort,
            Rollout = new RolloutSpec { Steps = [new() { Weight = 5, Manual = true },
                new() { Weight = 50, Manual = true }] },
        },
        Status = new ModelVersionStatus { Phase = phase, Message = message },
    };

    private const string Waits = "step 2 waits for approval: annotate with wafoperator.dev/approve-step=2";

    [Fact]
    public void Approve_TakesTheStepThatWaits() => Assert.Equal(
        """{"metadata":{"annotations":{"wafoperator.dev/approve-step":"2"}}}""",
        ModelStep.Approve(Version(ModelPhase.Canary, Waits), null).Patch.ToJsonString());

    [Fact]
    public void Approve_AheadOfTime_NamesTheStep() => Assert.Equal(
        """{"metadata":{"annotations":{"wafoperator.dev/approve-step":"1"}}}""",
        ModelStep.Approve(Version(ModelPhase.Shadow), 1).Patch.ToJsonString());

    [Theory]
    [InlineData(ModelPhase.Shadow, null)]
    [InlineData(ModelPhase.Promoted, 1)]
    [InlineData(ModelPhase.RolledBack, 1)]
    [InlineData(ModelPhase.Canary, 3)]
    [InlineData(ModelPhase.Canary, 0)]
    public void Approve_OfWhatWaitsForNobody_IsRefused(ModelPhase phase, int? step) =>
        Assert.Throws<CliException>(() => ModelStep.Approve(Version(phase), step));

    [Theory]
    [InlineData(ModelPhase.Promoted, "before 2.0.0")]
    [InlineData(ModelPhase.Canary, "rollout ends")]
    public void RollBack_Aborts(ModelPhase phase, string said)
    {
        var (patch, text) = ModelStep.RollBack(Version(phase));
        Assert.Equal("""{"spec":{"abort":true}}""", patch.ToJsonString());
        Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public void RollBack_OfWhatIsAtItsEnd_IsRefused()
    {
        Assert.Throws<CliException>(() => ModelStep.RollBack(Version(ModelPhase.Superseded)));
        Assert.Throws<CliException>(() => ModelStep.RollBack(Version(ModelPhase.Canary, abort: true)));
    }

    [Fact]
    public void HoldAndRelease_AreEachOthersReverse()
    {
        Assert.Equal("""{"spec":{"suspend":true}}""", ModelStep.Hold(Version(ModelPhase.Shadow)).Patch.ToJsonString());
        Assert.Equal("""{"spec":{"suspend":false}}""",
            ModelStep.Release(Version(ModelPhase.Shadow, held: true)).Patch.ToJsonString());
        Assert.Throws<CliException>(() => ModelStep.Hold(Version(ModelPhase.Shadow, held: true)));
        Assert.Throws<CliException>(() => ModelStep.Release(Version(ModelPhase.Shadow)));
        Assert.Throws<CliException>(() => ModelStep.Hold(Version(ModelPhase.Promoted)));
    }
}
