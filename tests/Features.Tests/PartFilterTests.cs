using System.Text;

namespace WafOperator.Features.Tests;

public sealed class PartFilterTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)", false)]
    [InlineData("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", false)]
    [InlineData("https://shop.example/items?q=red+shoes&page=2", false)]
    [InlineData("${jndi:ldap://x/a}", true)]
    [InlineData("() { :;}; echo", true)]
    [InlineData("x' or 1=1", true)]
    [InlineData("../../etc/passwd", true)]
    public void IsHeaderValueScored_Value_OnlyWithOddBytes(string value, bool scored) =>
        Assert.Equal(scored, PartFilter.IsHeaderValueScored(Encoding.UTF8.GetBytes(value)));

    [Theory]
    [InlineData("user[address][0].name", true)]
    [InlineData("rem;q42", false)]
    [InlineData("user[$ne]", false)]
    [InlineData("<script>", false)]
    public void IsPlainName_Name_LettersDigitsAndBrackets(string name, bool plain) =>
        Assert.Equal(plain, PartFilter.IsPlainName(Encoding.UTF8.GetBytes(name)));
}
