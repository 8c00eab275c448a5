using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Inspection;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Tests.Decisions;

/// <summary>
/// Every fact that a layer can report has a reason or is known to hide nothing: a new one fails here first.
/// </summary>
public sealed class CoverageReasonsTests
{
    [Fact]
    public void Reasons_Each_HasAKind() =>
        Assert.All(Enum.GetValues<UninspectedReason>(), reason =>
            Assert.True(Enum.IsDefined(UninspectedKinds.Of(reason))));

    [Fact]
    public void Reasons_Together_FitIntoASet()
    {
        var reasons = Enum.GetValues<UninspectedReason>();
        var all = reasons.Aggregate(UninspectedSet.Empty, (set, reason) => set.With(reason));

        Assert.Equal(reasons, all.Reasons());
        Assert.All(reasons, reason => Assert.False(all.Without(reason).Contains(reason)));
        Assert.All(reasons, reason => Assert.Equal([reason], UninspectedSet.Of(reason).Reasons()));
    }

    [Fact]
    public void Limits_Each_HideContentOrAreKnownNotTo()
    {
        ExceededLimits[] harmless =
            [ExceededLimits.None, ExceededLimits.BodyBytes, ExceededLimits.BodyNoFilesBytes,
                ExceededLimits.ResponseBodyBytes];
        foreach (var limit in Enum.GetValues<ExceededLimits>().Except(harmless))
        {
            var expected = limit is ExceededLimits.FileBytes ? UninspectedReason.FileContent : UninspectedReason.Limit;
            Assert.Equal(expected, CoverageReasons.Of(limit));
            Assert.True(CoverageReasons.OfAll(limit | ExceededLimits.BodyNoFilesBytes,
                isPartial: false).Contains(expected));
            var isStructure = (limit & LimitEffects.BodyStructure) != 0;
            Assert.True(CoverageReasons.OfAll(limit, isPartial: true).Contains(isStructure ? UninspectedReason.OverLimit
                : expected));
            Assert.Equal(limit, CoverageReasons.HidingOf(limit | ExceededLimits.BodyBytes));
        }

        Assert.All(harmless.Skip(1), limit => Assert.Null(CoverageReasons.Of(limit)));
        Assert.True(CoverageReasons.OfAll(harmless.Aggregate((all, one) => all | one), isPartial: false).IsEmpty);
    }

    [Fact]
    public void Unread_Each_IsContentThatIsRecorded()
    {
        var contents = Enum.GetValues<UnreadContent>().Where(content => content is not UnreadContent.None).ToList();
        Assert.All(contents, content => Assert.Equal(UninspectedKind.Content,
            UninspectedKinds.Of(CoverageReasons.Of(content))));
        Assert.Equal(
            contents.Select(CoverageReasons.Of).Distinct().Order(),
            CoverageReasons.OfAll(contents.Aggregate((all, one) => all | one)).Reasons().Order());
        Assert.True(CoverageReasons.OfAll(UnreadContent.None).IsEmpty);
    }

    [Fact]
    public void Errors_OfBodies_HaveAReason() => Assert.All(Enum.GetValues<BodyError>(), error => Assert.Equal(
        error is BodyError.None or BodyError.Memory ? null : UninspectedReason.Malformed, CoverageReasons.Of(error)));

    [Fact]
    public void Readings_AllButTheWholeOne_HaveAReason()
    {
        foreach (var handling in Enum.GetValues<BodyHandling>())
        {
            foreach (var reading in Enum.GetValues<BodyReading>())
            {
                var isKnown = reading is BodyReading.Whole or BodyReading.TooLong;
                Assert.Equal(isKnown, CoverageReasons.Of(reading, handling) is null);
            }
        }

        Assert.Equal(UninspectedReason.WindowEnd, CoverageReasons.Of(BodyReading.Beginning, BodyHandling.Peek));
        Assert.Equal(UninspectedReason.OverLimit, CoverageReasons.Of(BodyReading.Beginning,
            BodyHandling.HoldThenStream));
    }

    [Fact]
    public void ModelGaps_Each_HasAReasonOfItsOwn()
    {
        var gaps = Enum.GetValues<ModelGaps>().Where(gap => gap is not ModelGaps.None).ToList();
        Assert.Equal(gaps.Count, gaps.Select(CoverageReasons.Of).Distinct().Count());
        Assert.Equal(
            gaps.Select(CoverageReasons.Of).Order(),
            CoverageReasons.OfAll(gaps.Aggregate((all, one) => all | one)).Reasons().Order());
        Assert.True(CoverageReasons.OfAll(ModelGaps.None).IsEmpty);
    }

    [Theory]
    [InlineData(true, true, "Stream", UninspectedReason.Stream)]
    [InlineData(false, true, "Stream", UninspectedReason.Stream)]
    [InlineData(true, false, "Stream", UninspectedReason.HeadersOnly)]
    [InlineData(false, false, "Stream", null)]
    [InlineData(true, false, "HoldOrRefuse", null)]
    public void Bodies_ThatAreNotRead_HaveAReason(
        bool isExpected, bool isDuplex, string handling, UninspectedReason? expected) => Assert.Equal(
            expected,
            CoverageReasons.OfUnread(new BodyFacts(isExpected, null, isDuplex), Enum.Parse<BodyHandling>(handling)));
}
