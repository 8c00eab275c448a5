using System.Text;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;

namespace WafOperator.Protocols.Tests.Policies;

public sealed class PolicyRevisionTests
{
    private static readonly PolicyDocument Shop = new() { Namespace = "shop", Name = "main", Generation = 3 };

    [Fact]
    public void Seal_SealedDocumentSentAsJson_HasTheSameRevision()
    {
        var sealedShop = PolicyRevision.Seal(Shop);
        var sent = JsonSerializer.SerializeToUtf8Bytes(sealedShop, ProtocolJson.Default.PolicyDocument);

        Assert.Matches("^[0-9a-f]{64}$", sealedShop.Revision);
        Assert.Equal(sealedShop.Revision, PolicyRevision.Compute(sent));
        Assert.Equal(sealedShop.Revision, PolicyRevision.Compute(sealedShop));
    }

    [Fact]
    public void Compute_AnyOtherMemberChanges_RevisionChanges() =>
        Assert.NotEqual(PolicyRevision.Compute(Shop), PolicyRevision.Compute(Shop with { Mode = InspectionMode.Enforce }));

    [Fact]
    public void Compute_MemberThatThisVersionDoesNotKnow_StillCounts()
    {
        var known = """{"name":"main","revision":"abc"}"""u8;
        var newer = """{"name":"main","revision":"abc","somethingNew":{"a":[1,2.50,"é"]}}"""u8;

        Assert.NotEqual(PolicyRevision.Compute(known), PolicyRevision.Compute(newer));
        Assert.Equal(
            PolicyRevision.Compute(newer),
            PolicyRevision.Compute(Encoding.UTF8.GetBytes("""{"name":"main","somethingNew":{"a":[1,2.50,"é"]},"revision":""}""")));
    }

    [Fact]
    public void Compute_NotAnObject_IsAJsonException()
    {
        Assert.ThrowsAny<JsonException>(() => PolicyRevision.Compute("[]"u8));
        Assert.ThrowsAny<JsonException>(() => PolicyRevision.Compute("{"u8));
    }
}
