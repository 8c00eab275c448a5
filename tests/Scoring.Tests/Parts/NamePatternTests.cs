using System.Text;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests.Parts;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("q", "q", true)]
    [InlineData("q", "Q", false)]
    [InlineData("q", "qq", false)]
    [InlineData("q", "", false)]
    [InlineData("json.blocks.array_*.html", "json.blocks.array_0.html", true)]
    [InlineData("json.blocks.array_*.html", "json.blocks.array_4711.html", true)]
    [InlineData("json.blocks.array_*.html", "json.blocks.array_.html", false)]
    [InlineData("json.blocks.array_*.html", "json.blocks.array_1x.html", false)]
    [InlineData("json.blocks.array_*.html", "json.blocks.array_0.html.more", false)]
    [InlineData("json.blocks.array_*.html", "json.blocks.html", false)]
    [InlineData("json.a.array_*.array_*", "json.a.array_0.array_1", true)]
    [InlineData("json.a.array_*.array_*", "json.a.array_0", false)]
    [InlineData("json.a.array_*", "json.a.array_12", true)]
    [InlineData("json.a.array_*", "json.a.array_12.b", false)]
    [InlineData("json.blocks.*", "json.blocks.array_0.html", true)]
    [InlineData("json.blocks.*", "json.blocks.", true)]
    [InlineData("json.blocks.*", "json.block", false)]
    [InlineData("*", "anything", true)]
    [InlineData("a*b", "a*b", true)]
    [InlineData("a*b", "axb", false)]
    [InlineData("größe", "größe", true)]
    public void Matches_NamesAsTheirReadersWriteThem(string pattern, string name, bool expected) =>
        Assert.Equal(expected, new NamePattern(pattern).Matches(Encoding.UTF8.GetBytes(name)));
}
