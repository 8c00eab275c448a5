using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Tests.Repository;

public sealed class VersionOrderTests
{
    [Theory]
    [InlineData("1.0.0", "1.0.1")]
    [InlineData("1.9.0", "1.10.0")]
    [InlineData("1.0.0-rc.1", "1.0.0")]
    [InlineData("1.0.0-alpha", "1.0.0-beta")]
    [InlineData("0.9.9", "1")]
    public void Compare_TheLowerComesFirst(string lower, string higher)
    {
        Assert.True(VersionOrder.Instance.Compare(lower, higher) < 0);
        Assert.True(VersionOrder.Instance.Compare(higher, lower) > 0);
        Assert.Equal(0, VersionOrder.Instance.Compare(lower, lower + "+build"));
    }
}
