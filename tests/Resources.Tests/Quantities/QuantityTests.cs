using WafOperator.Resources.Quantities;

namespace WafOperator.Resources.Tests.Quantities;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("250us", 0.25)]
    [InlineData("5ms", 5)]
    [InlineData("1m30s", 90_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("1s500ms", 1_500)]
    [InlineData("0s", 0)]
    public void Duration_WellFormed_IsRead(string text, double milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
        Assert.True(DurationText.TryParse(DurationText.Format(value), out var again));
        Assert.Equal(value, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("ms")]
    [InlineData("-5ms")]
    [InlineData("5 ms")]
    [InlineData("1.5s")]
    [InlineData("5d")]
    [InlineData("5msx")]
    [InlineData("9999999999ms")]
    [InlineData("999999999h")]
    [InlineData("٥ms")]
    public void Duration_Malformed_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData("512", 512)]
    [InlineData("128Ki", 131_072)]
    [InlineData("1Mi", 1_048_576)]
    [InlineData("2Gi", 2_147_483_648)]
    [InlineData("3k", 3_000)]
    [InlineData("4M", 4_000_000)]
    [InlineData("5G", 5_000_000_000)]
    public void Bytes_WellFormed_AreRead(string text, long bytes)
    {
        Assert.True(ByteQuantity.TryParse(text, out var value));
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("1.5Mi")]
    [InlineData("-1")]
    [InlineData("1Ti")]
    [InlineData("1 Mi")]
    [InlineData("9999999999999")]
    public void Bytes_Malformed_AreRefused(string text) => Assert.False(ByteQuantity.TryParse(text, out _));

    [Fact]
    public void Bytes_ThatDoNotFit_AreRefused() =>
    Assert.True(ByteQuantity.TryParse("999999999999Mi", out _) && !ByteQuantity.TryParse("999999999999999Gi", out _));

    [Theory]
    [InlineData("942100", 942_100, 942_100)]
    [InlineData("942100-942199", 942_100, 942_199)]
    public void RuleRange_WellFormed_IsRead(string text, long first, long last)
    {
        Assert.True(RuleRange.TryParse(text, out var range));
        Assert.Equal((first, last, text), (range.First, range.Last, range.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("5-")]
    [InlineData("9-5")]
    [InlineData("99999999999999999999")]
    public void RuleRange_Malformed_IsRefused(string text) => Assert.False(RuleRange.TryParse(text, out _));

    [Theory]
    [InlineData("0.95", true)]
    [InlineData("1", true)]
    [InlineData("1e3", false)]
    [InlineData("-1", false)]
    [InlineData("1,5", false)]
    [InlineData(" 1", false)]
    [InlineData(".5", false)]
    public void Decimal_IsPlainDigits(string text, bool valid) =>
    Assert.Equal(valid, DecimalText.TryParse(text, out _));
}
