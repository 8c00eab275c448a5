namespace WafOperator.Http.Tests;

/// <summary>Cookies as applications get them: lines joined to one, pairs divided at white space.</summary>
public sealed class CookieLinesTests
{
    private const string Word = "evilmarker";

    [Theory]
    [InlineData("evilmarker;x; y=1", "a=\"\\145vil\\155arker;x", "y=1\"")]
    [InlineData("evilmarker; b", "a=\"\\145vilmarker", "b\"")]
    [InlineData(Word, "x=1 q=\"\\145vilmarker\"")]
    [InlineData(Word, "x=1,q=\"\\145vilmarker\"")]
    [InlineData("evilmarker; y", "x=1 q=\"\\145vilmarker; y\"")]
    [InlineData(Word, "x=1 p=\"\" q=\"\\145vilmarker\"")]
    public void Cookie_AsProgramsDivideIt_IsUnescaped(string expected, params string[] lines)
    {
        var values = Values(lines);
        Assert.Contains(expected, values.Select(value => value.Trim()));
    }

    [Fact]
    public void Cookies_OverSeveralLines_AreAllRead() =>
        Assert.Equal(["1", "2", "3", "4"], Values("a=1; b=2", "c=3", "d=4"));

    /// <summary>Quotes in values cost what is read of them, not all that follows.</summary>
    [Fact]
    public void Cookies_WithManyQuotedValues_AreRead()
    {
        var header = string.Concat(Enumerable.Repeat("a=1 b=\"x\\\"y\";", 200));
        var request = CanonicalRequestTests.Get("/", ("Host", "h"), ("Cookie", header));
        Assert.Equal(ExceededLimits.None, request.Exceeded);
        Assert.InRange(request.Cookies.Length, 400, 600);
    }

    private static List<string> Values(params string[] lines)
    {
        var request = CanonicalRequestTests.Get("/", [("Host", "h"), .. lines.Select(line => ("Cookie", line))]);
        var values = new List<string>();
        foreach (var cookie in request.Cookies) values.Add(CanonicalRequestTests.Text(request, cookie.Value));
        return values;
    }
}
