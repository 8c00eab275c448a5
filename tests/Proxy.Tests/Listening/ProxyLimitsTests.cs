using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Tests.Listening;

public sealed class ProxyLimitsTests
{
    private const long Mebi = 1 << 20;

    /// <summary>
    /// What .NET takes of a container: 96 of 128Mi, 288 of 384Mi (the default), 768 of 1Gi, 24 of 32Gi.
    /// </summary>
    [Theory]
    [InlineData(0, 204, 102, 2, 64)]
    [InlineData(96, 327, 163, 3, 64)]
    [InlineData(288, 1_802, 901, 18, 64)]
    [InlineData(768, 5_488, 2_744, 57, 107)]
    [InlineData(24 * 1024, 20_000, 20_000, 1_024, 1_024)]
    public void ForMemory_Table(long memoryMebi, int connections, int requests, long bodiesMebi, int bufferKibi)
    {
        var limits = new ProxyLimits().ForMemory(memoryMebi * Mebi);

        Assert.Equal(
            (connections, requests, bodiesMebi, bufferKibi),
            (limits.ConnectionsMax, limits.InspectedRequestsMax, limits.BufferedBytesMax / Mebi,
                limits.RequestBufferBytesMax / 1024));
        Assert.Equal(
            (Math.Min(connections / 2, 10_000), Math.Min(connections / 2, 10_000)),
            (limits.ConnectionsPerClientMax, limits.UpgradedConnectionsMax));
    }

    /// <summary>All clients at their limits, and the program, fit into what there is.</summary>
    [Theory]
    [InlineData(192)]
    [InlineData(288)]
    [InlineData(768)]
    [InlineData(2_048)]
    [InlineData(65_536)]
    public void ForMemory_EverythingUsedUp_Fits(long memoryMebi)
    {
        var limits = new ProxyLimits().ForMemory(memoryMebi * Mebi);

        var used = (32 * Mebi) + (limits.ConnectionsMax * (16L << 10)) + (limits.InspectedRequestsMax * (64L << 10))
            + (3 * limits.BufferedBytesMax);

        Assert.InRange(used, 0, memoryMebi * Mebi * 3 / 5);
    }

    [Fact]
    public void ForMemory_MoreMemory_NeverLess()
    {
        var before = new ProxyLimits().ForMemory(0);
        for (long memory = 16; memory < 8_192; memory += 16)
        {
            var limits = new ProxyLimits().ForMemory(memory * Mebi);
            Assert.True(
                limits.ConnectionsMax >= before.ConnectionsMax && limits.BufferedBytesMax >= before.BufferedBytesMax
                    && limits.InspectedRequestsMax >= before.InspectedRequestsMax,
                $"{memory} MiB allow less than {memory - 16}");
            before = limits;
        }
    }
}
