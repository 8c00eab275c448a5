using System.Text;

namespace WafOperator.Features.Tests;

public sealed class EscapedValueTests
{
    [Theory]
    [InlineData("plain", "plain", ValueFlags.None)]
    [InlineData("a%20b%3D%27", "a b='", ValueFlags.None)]
    [InlineData("a%2527", "a'", ValueFlags.Percent)]
    [InlineData("100%", "100%", ValueFlags.PercentMalformed)]
    [InlineData("%4", "%4", ValueFlags.PercentMalformed)]
    public void NormalizeEscaped_Value_IsDecodedOnceBeforeFlagsCount(string value, string normalized, ValueFlags flags)
    {
        var buffer = new byte[64];
        var length = ValueNormalizer.NormalizeEscaped(Encoding.UTF8.GetBytes(value), buffer, out var actual);
        Assert.Equal((normalized, flags), (Encoding.UTF8.GetString(buffer, 0, length), actual));
    }

    [Fact]
    public void NormalizeEscaped_LongValue_IsCutAfterDecoding()
    {
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var value = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat("%41", ValueNormalizer.ValueBytesMax)) + "b");
        Assert.Equal(ValueNormalizer.ValueBytesMax, ValueNormalizer.NormalizeEscaped(value, buffer, out var flags));
        Assert.Equal(ValueFlags.Truncated, flags);
    }
}
