using System.Text;
using WafOperator.Proxy.Sharing;
using WafOperator.Proxy.Sync;

namespace WafOperator.Proxy.Tests.Sync;

public sealed class ReplicaSyncTests
{
    [Theory]
    [InlineData("""{"format":"waf-replicas/v1","replicas":3}""", 3)]
    [InlineData("""{"format":"waf-replicas/v1","replicas":0}""", null)]
    [InlineData("""{"format":"waf-replicas/v1","replicas":-3}""", null)]
    [InlineData("""{"format":"waf-replicas/v2","replicas":3}""", null)]
    [InlineData("null", null)]
    [InlineData("3", null)]
    [InlineData("""{"format":"waf-replicas/v1","replicas":""", null)]
    public void ADocument_IsReadOrLeftAlone(string json, int? replicas) =>
        Assert.Equal(replicas, ReplicaSync.Read(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(7, 7)]
    [InlineData(int.MaxValue, ReplicaCount.Most)]
    public void ACount_IsWithinBounds(int said, int taken) => Assert.Equal(taken, new ReplicaCount { Count = said }.Count);
}
