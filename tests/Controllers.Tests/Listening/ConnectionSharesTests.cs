using System.Net;
using WafOperator.Operator.Host.Listening;

namespace WafOperator.Controllers.Tests.Listening;

/// <summary>Whose connections a port has room for.</summary>
public sealed class ConnectionSharesTests
{
    /// <summary>10.N.x.x is namespace N, other addresses are no pod's.</summary>
    private static string? NamespaceOf(IPAddress address) =>
        address.GetAddressBytes() is [10, var ns, _, _] ? $"ns-{ns}" : null;

    private static IPAddress Pod(int ns, int pod) => new([10, (byte)ns, (byte)(pod >> 8), (byte)pod]);

    [Fact]
    public void ManyPodsOfANamespace_GetHalf_AndOthersStillFindRoom()
    {
        var shares = new ConnectionShares(1000, 100, NamespaceOf);
        var taken = Enumerable.Range(0, 5000).Select(i => shares.TryTake(Pod(1, i))).OfType<IDisposable>().ToList();

        Assert.Equal(500, taken.Count);
        for (var i = 0; i < 100; i++) Assert.NotNull(shares.TryTake(Pod(2, i)));
        Assert.NotNull(shares.TryTake(IPAddress.Parse("192.0.2.1")));

        taken.ForEach(share => share.Dispose());
        taken.ForEach(share => share.Dispose());
        Assert.Equal(101, shares.Taken);
    }

    [Fact]
    public void OneAddress_HasABoundOfItsOwn_InWhateverForm()
    {
        var shares = new ConnectionShares(1000, 10, _ => null);
        var address = IPAddress.Parse("192.0.2.1");
        for (var i = 0; i < 5; i++)
        {
            Assert.NotNull(shares.TryTake(address));
            Assert.NotNull(shares.TryTake(address.MapToIPv6()));
        }

        Assert.Null(shares.TryTake(address));
        Assert.NotNull(shares.TryTake(IPAddress.Parse("192.0.2.2")));
        Assert.NotNull(shares.TryTake(null));
    }

    [Fact]
    public void AnyComingAndGoing_StaysWithinTheBound_AndANewNamespaceGetsIn()
    {
        var random = new Random(20261130);
        var shares = new ConnectionShares(300, 40, NamespaceOf);
        var held = new List<IDisposable>();
        for (var i = 0; i < 20_000; i++)
        {
            if (random.Next(3) > 0 && shares.TryTake(Pod(random.Next(4),
                random.Next(50))) is { } share) held.Add(share);
            else if (held.Count > 0)
            {
                var at = random.Next(held.Count);
                held[at].Dispose();
                held.RemoveAt(at);
            }

            Assert.Equal(held.Count, shares.Taken);
            Assert.InRange(shares.Taken, 0, 300);
        }

        while (shares.TryTake(Pod(random.Next(4), random.Next(50))) is { } share) held.Add(share);
        Assert.NotNull(shares.TryTake(Pod(9, 1)));
    }
}
