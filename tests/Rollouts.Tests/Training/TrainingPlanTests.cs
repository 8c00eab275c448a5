using WafOperator.Resources.Quantities;
using WafOperator.Rollouts.Training;

namespace WafOperator.Rollouts.Tests.Training;

public sealed class TrainingPlanTests
{
    /// <summary>A Tuesday; the weekly time is Sunday, 03:00.</summary>
    private static readonly DateTimeOffset Tuesday = new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Sunday = new(2026, 12, 6, 3, 0, 0, TimeSpan.Zero);

    private static readonly TrainingInputs Weekly = new()
    {
        Schedule = Cron("0 3 * * 0"), CountedFrom = Tuesday, Now = Tuesday,
    };

    [Fact]
    public void BeforeItsTime_NothingBegins_AndTheTimeIsSaid()
    {
        var decision = TrainingPlan.Decide(Weekly with { Now = Sunday.AddSeconds(-1) });

        Assert.False(decision.IsDue);
        Assert.Equal(Sunday, decision.LookAgain);
        Assert.Contains("2026-12-06 03:00", decision.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AtItsTime_ItBegins() => Assert.Equal(
        [TrainingCause.Scheduled], TrainingPlan.Decide(Weekly with { Now = Sunday }).Causes);

    [Fact]
    public void TimesThatWereMissed_AreOneRun()
    {
        var late = Weekly with { Now = Sunday.AddDays(70) };
        var decision = TrainingPlan.Decide(late);
        Assert.Equal([TrainingCause.Scheduled], decision.Causes);

        var after = TrainingPlan.Decide(late with { CountedFrom = late.Now, LastRunAt = late.Now });
        Assert.False(after.IsDue);
        Assert.Equal(Sunday.AddDays(77), after.LookAgain);
    }

    [Fact]
    public void WhileOneRuns_NoneBegins() => Assert.False(TrainingPlan.Decide(
        Weekly with { Now = Sunday, IsRunning = true, Trigger = "now" }).IsDue);

    [Fact]
    public void Suspended_NothingBegins_AndWhatWasDueBeginsOnceAfterwards()
    {
        var held = Weekly with { Now = Sunday.AddDays(21), IsSuspended = true, Trigger = "now" };
        Assert.False(TrainingPlan.Decide(held).IsDue);
        Assert.Equal(
            [TrainingCause.Scheduled, TrainingCause.ByHand],
            TrainingPlan.Decide(held with { IsSuspended = false }).Causes);
    }

    [Theory]
    [InlineData("a", null, true)]
    [InlineData("a", "a", false)]
    [InlineData("b", "a", true)]
    [InlineData("", "a", false)]
    [InlineData(null, "a", false)]
    public void ByHand_IsEachNewValueOfTheAnnotation(string? trigger, string? seen, bool begins) => Assert.Equal(
        begins, TrainingPlan.Decide(Weekly with { Trigger = trigger, TriggerSeen = seen }).IsDue);

    [Fact]
    public void AllReasonsOfAMoment_AreOneRun() => Assert.Equal(
        [TrainingCause.Scheduled, TrainingCause.ByHand, TrainingCause.RulesChanged],
        TrainingPlan.Decide(Weekly with
        {
            Now = Sunday, Trigger = "now", Causes = [TrainingCause.RulesChanged], LastRunAt = Sunday.AddHours(-1),
        }).Causes);

    [Fact]
    public void WhatWasMeasured_MakesNoMoreThanARunADay()
    {
        var soon = Weekly with
        {
            LastRunAt = Tuesday, CountedFrom = Tuesday, Now = Tuesday.AddHours(23),
            Causes = [TrainingCause.DetectionFell],
        };
        var decision = TrainingPlan.Decide(soon);
        Assert.False(decision.IsDue);
        Assert.Equal(Tuesday + TrainingPlan.TriggeredEvery, decision.LookAgain);
        Assert.Contains("DetectionFell", decision.Message, StringComparison.Ordinal);
        Assert.True(TrainingPlan.Decide(soon with { Now = Tuesday.AddHours(24) }).IsDue);
    }

    [Fact]
    public void WithoutAClock_ItRunsByHandOnly()
    {
        var decision = TrainingPlan.Decide(Weekly with { Schedule = null, Now = Sunday.AddDays(400) });
        Assert.False(decision.IsDue);
        Assert.Null(decision.LookAgain);
    }

    private static CronSchedule Cron(string text) =>
        CronSchedule.TryParse(text, "UTC", out var schedule, out var problem)
            ? schedule! : throw new ArgumentException(problem);
}
