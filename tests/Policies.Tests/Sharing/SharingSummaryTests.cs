using WafOperator.Policies.Coverage;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Tests.Sharing;

public sealed class SharingSummaryTests
{
    public static TheoryData<SharingPolicy, bool, string, string> Cases => new()
    {
        { new SharingPolicy { Limits = LimitSharing.Divided }, false, "Divided", "limits are divided by 3 sidecars" },
        { new SharingPolicy(), false, "PerReplica", "each sidecar gives all of a limit" },
        {
            new SharingPolicy { Limits = LimitSharing.Divided }, true, "Divided",
            "Redis cannot be used, see ResolvedRefs: limits are divided by 3 sidecars"
        },
    };

    [Theory, MemberData(nameof(Cases))]
    public void WithoutRedis_StatusSaysHowLimitsAreCounted(
        SharingPolicy sharing, bool asksForRedis, string limits, string message)
    {
        var status = SharingSummary.Of(Document(sharing), asksForRedis, 3, [new SharingReport { Replicas = 3 }])!;

        Assert.Equal((limits, message, 3, 0), (status.Limits, status.Message, status.Replicas, status.Connected));
    }

    [Theory]
    [InlineData(3, "Redis", "all 3 sidecars count in Redis")]
    [InlineData(2, "Redis",
        "2 of 3 sidecars count in Redis; with the others limits are divided by 3 sidecars: it was refused")]
    [InlineData(0, "Divided",
        "0 of 3 sidecars count in Redis; with the others limits are divided by 3 sidecars: it was refused")]
    public void WithRedis_StatusSaysWhoCountsThere(int connected, string limits, string message)
    {
        var document = Document(new SharingPolicy { Limits = LimitSharing.Divided, Redis = new RedisPolicy() });
        var reports = Enumerable.Range(0, 3).Select(i => i < connected
            ? new SharingReport { Connected = true }
            : new SharingReport { Connected = false, Problem = "it was refused" }).ToList();

        var status = SharingSummary.Of(document, true, 3, reports)!;

        Assert.Equal((limits, message, connected), (status.Limits, status.Message, status.Connected));
    }

    [Fact]
    public void OneSidecar_GivesAll_AndAPolicyWithoutLimitsSaysNothing()
    {
        Assert.Equal(
            "Single", SharingSummary.Of(Document(new() { Limits = LimitSharing.Divided }), false, 1, [])!.Limits);
        Assert.Null(SharingSummary.Of(Document(null), false, 3, []));
    }

    private static PolicyDocument Document(SharingPolicy? sharing) =>
        new() { Namespace = "shop", Name = "main", Sharing = sharing };
}
