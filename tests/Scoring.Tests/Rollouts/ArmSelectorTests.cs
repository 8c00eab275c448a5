using System.Buffers.Binary;
using WafOperator.Scoring.Rollouts;

namespace WafOperator.Scoring.Tests.Rollouts;

public sealed class ArmSelectorTests
{
    private const int Clients = 100_000;

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(100, Clients, Clients)]
    [InlineData(10, 9_500, 10_500)]
    [InlineData(50, 49_500, 50_500)]
    public void Share_OverAHundredThousandClients_IsWithinHalfAPercent(int weight, int least, int most) =>
        Assert.InRange(Count("rollout-1", weight), least, most);

    [Fact]
    public void AClient_StaysOnItsArmAndGrowingWeightsOnlyAddClients()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var before = false;
            for (var weight = 0; weight <= 100; weight += 5)
            {
                var now = IsCandidate("salt", i, weight);
                Assert.True(now || !before, $"client {i} left the candidate at {weight} %");
                before = now;
            }
        }
    }

    [Fact]
    public void AnotherSalt_ChoosesOtherClients()
    {
        var both = Enumerable.Range(0, Clients).Count(i => IsCandidate("a", i, 10) && IsCandidate("b", i, 10));

        // Independent choices share a tenth of a tenth.
        Assert.InRange(both, 800, 1_200);
    }

    private static int Count(string salt, int weight) => Enumerable.Range(0, Clients).Count(i => IsCandidate(salt, i, weight));

    private static bool IsCandidate(string salt, int client, int weight)
    {
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteInt32BigEndian(address[12..], 0x0A000000 + client);
        return ArmSelector.IsCandidate(salt, address, weight);
    }
}
