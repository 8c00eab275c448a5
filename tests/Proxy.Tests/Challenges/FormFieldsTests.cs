using WafOperator.Proxy.Challenges;

namespace WafOperator.Proxy.Tests.Challenges;

public sealed class FormFieldsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a=b", "a=b")]
    [InlineData("&a=b&&c", "a=b|c=")]
    [InlineData("a=1+2%2B3&b=%C3%BC", "a=1 2+3|b=ü")]
    [InlineData("a=100%&b=%zz", "a=100%|b=%zz")]
    [InlineData("=x", "=x")]
    [InlineData("name=Andr%E9", null)]
    [InlineData("a=%00", null)]
    [InlineData("a=%ff", null)]
    public void AForm_IsReadAsItCanBeSentAgain_OrNotAtAll(string body, string? fields)
    {
        var read = FormFields.Parse(System.Text.Encoding.UTF8.GetBytes(body));

        Assert.Equal(fields, read is null ? null : string.Join('|', read.Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Fact]
    public void MoreFieldsThanTheBound_AreNotTaken()
    {
        Assert.NotNull(FormFields.Parse(Many(512)));
        Assert.Null(FormFields.Parse(Many(513)));
    }

    private static byte[] Many(int count) =>
        System.Text.Encoding.UTF8.GetBytes(string.Join('&', Enumerable.Range(0, count).Select(i => $"f{i}=1")));
}
