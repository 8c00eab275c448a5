using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Tests.Models;

public sealed class SemanticVersionOrderTests
{
    /// <summary>In rising order; those of section 11 of semver.org among them.</summary>
    private static readonly string[] Rising =
    [
        "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1", "1.0.0-rc.9", "1.0.0-rc.10", "1.0.0", "1.0.1", "1.9.0", "1.10.0", "2", "2.0.1",
        "99999999999999999999.0.0", "100000000000000000000.0.0",
    ];

    [Fact]
    public void Compare_AnyTwo_AsTheListHasThem()
    {
        for (var i = 0; i < Rising.Length; i++)
        {
            for (var j = 0; j < Rising.Length; j++)
            {
                Assert.Equal(Math.Sign(i.CompareTo(j)),
                    Math.Sign(SemanticVersionOrder.Instance.Compare(Rising[i], Rising[j])));
            }
        }
    }

    [Theory]
    [InlineData("1.0.0", "1.0.0+build")]
    [InlineData("1.0.0-rc.1", "1.0.0-rc.1+build.7")]
    [InlineData("1", "1.0.0")]
    [InlineData("1.01.0", "1.1.0")]
    public void Compare_WhatDiffersInNothingThatCounts_IsEqual(string one, string other) =>
        Assert.Equal(0, SemanticVersionOrder.Instance.Compare(one, other));
}
