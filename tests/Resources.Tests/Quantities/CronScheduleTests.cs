using System.Globalization;
using WafOperator.Resources.Quantities;

namespace WafOperator.Resources.Tests.Quantities;

public sealed class CronScheduleTests
{
    /// <summary>Expression, zone, a time, and the next one after it.</summary>
    public static TheoryData<string, string, string, string> Times => new()
    {
        { "0 3 * * 0", "UTC", "2026-12-01T00:00:00Z", "2026-12-06T03:00:00Z" },
        { "0 3 * * 0", "UTC", "2026-12-06T03:00:00Z", "2026-12-13T03:00:00Z" },
        { "0 3 * * 0", "Europe/Berlin", "2026-12-01T00:00:00Z", "2026-12-06T02:00:00Z" },
        { "0 3 * * 0", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-05T01:00:00Z" },
        // The clock goes from 02:00 to 03:00: half past two is not there that day, and met as soon as it can be.
        { "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z" },
        // It goes back from 03:00 to 02:00: half past two is there twice and met once.
        { "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" },
        { "0 0 1 * *", "Pacific/Auckland", "2026-12-01T00:00:00Z", "2026-12-31T11:00:00Z" },
    };

    [Theory, MemberData(nameof(Times))]
    public void NextAfter_IsInItsZone(string cron, string zone, string from, string expected) => Assert.Equal(
        Time(expected), Of(cron, zone).NextAfter(Time(from)));

    [Theory]
    [InlineData("0 3 * *", "UTC", "five fields")]
    [InlineData("0 3 * * 0 2026", "UTC", "five fields")]
    [InlineData("61 * * * *", "UTC", "five fields")]
    [InlineData("", "UTC", "five fields")]
    [InlineData("0 3 * * 0", "Mars/Olympus", "no time zone")]
    [InlineData("0 3 * * 0", "", "no time zone")]
    public void WhatIsNone_IsSaid(string cron, string zone, string says)
    {
        Assert.False(CronSchedule.TryParse(cron, zone, out _, out var problem));
        Assert.Contains(says, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("* * * * *", 1)]
    [InlineData("0,5 3 * * *", 5)]
    [InlineData("0 3 * * 0", 7 * 24 * 60)]
    public void ShortestGap_IsFound(string cron, int minutes) => Assert.Equal(
        TimeSpan.FromMinutes(minutes), Of(cron, "UTC").ShortestGap(Time("2026-12-01T00:00:00Z")));

    [Fact]
    public void ADayThatNeverComes_HasNoTimes() =>
        Assert.Null(Of("0 0 30 2 *", "UTC").NextAfter(Time("2026-12-01T00:00:00Z")));

    private static CronSchedule Of(string cron, string zone)
    {
        Assert.True(CronSchedule.TryParse(cron, zone, out var schedule, out var problem), problem);
        return schedule!;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
