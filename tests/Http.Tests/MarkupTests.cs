using System.Text;
using WafOperator.Http.Bodies;

namespace WafOperator.Http.Tests;

/// <summary>Documents within texts: XML in XML, JSON in XML, XML in values, as programs read them.</summary>
public sealed class MarkupTests
{
    private const string Word = "evilmarker";

    [Theory]
    [InlineData("""<e><b>{"q":"evilm\u0061rker"}</b></e>""")]
    [InlineData("<e><b>&lt;q&gt;evilm&amp;#x61;rker&lt;/q&gt;</b></e>")]
    [InlineData("<e><b>&lt;q&gt;&amp;lt;r&amp;gt;evilm&amp;amp;#x61;rker&amp;lt;/r&amp;gt;&lt;/q&gt;</b></e>")]
    [InlineData("<e><b><![CDATA[<q>evilm&#97;rker</q>]]></b></e>")]
    [InlineData("<e><b><![CDATA[<q>evilm&#9]]><![CDATA[7;rker</q>]]></b></e>")]
    [InlineData("<e><b>&lt;q&gt;evil&lt;!-- --&gt;marker&lt;/q&gt;</b></e>")]
    [InlineData("""<e><a/><b>x</b><b>{"q":"evilm<!-- -->\u0061rker"}</b></e>""")]
    [InlineData("""<e><b>{"x":"{\"q\":\"evilm\\u0061rker\"}"}</b></e>""")]
    public void TextOfXml_ThatIsADocument_IsUndone(string body)
    {
        var request = Body.Read("text/xml", body);
        Assert.Contains(Word, CanonicalRequestTests.Text(request, request.XmlContent));
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("""<e b='{"q":"evilm\u0061rker"}'/>""")]
    [InlineData("<e b='&lt;q&gt;evilm&amp;#x61;rker&lt;/q&gt;'/>")]
    public void AttributeOfXml_ThatIsADocument_IsUndone(string body)
    {
        var request = Body.Read("text/xml", body);
        Assert.Contains(Word, CanonicalRequestTests.Text(request, request.XmlAttributeContent));
        Assert.Contains(request.XmlAttributes.ToArray(), attribute =>
            CanonicalRequestTests.Text(request, attribute.Path) == "xml.e.@b"
            && CanonicalRequestTests.Text(request, attribute.Value).Contains(Word, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<a><b>one</b><b>two &lt; three</b><c d='&quot;'/></a>", "onetwo < three")]
    [InlineData("<a>C:\\tea</a>", "C:\\tea")]
    [InlineData("<a>&lt;p&gt;one&lt;/p&gt;</a>", "<p>one</p>")]
    public void TextOfXml_ThatIsNoDocument_IsShownOnce(string body, string expected)
    {
        var request = Body.Read("text/xml", body);
        Assert.Equal(expected, CanonicalRequestTests.Text(request, request.XmlContent));
    }

    [Theory]
    [InlineData(" <q>&#x65;vilmarker</q>")]
    [InlineData("\uFEFF\n<q>&#x65;vilmarker</q>")]
    [InlineData("a=1;xml=<q>&#x65;vilmarker</q>")]
    [InlineData("<r>evil<!--x-->marker</r>")]
    [InlineData("<r>evil<![CDATA[marker]]></r>")]
    [InlineData("<r>evil<?x y?>marker</r>")]
    [InlineData("<r>evil<b a='>'/>marker</r>")]
    [InlineData("<r a='&lt;q&gt;evil&lt;!-- --&gt;marker'/>")]
    [InlineData("<!DOCTYPE r [<!ENTITY a 'x'>]><r>evil<b/>marker</r>")]
    [InlineData("""<r>{"a":"evil&#92;u006darker"}</r>""")]
    public void Value_WithXmlInIt_IsShownAsItsText(string value)
    {
        foreach (var request in (CanonicalRequest[])
        [
            Body.Read("application/x-www-form-urlencoded", "q=" + Uri.EscapeDataString(value)),
            Body.Read("application/json", "{\"q\":" + System.Text.Json.JsonSerializer.Serialize(value) + "}"),
        ])
        {
            Assert.Contains(Word, CanonicalRequestTests.Arguments(request));
            Assert.Equal(BodyError.None, request.BodyError);
        }
    }

    [Theory]
    [InlineData("<p>one</p>")]
    [InlineData("a < b and c > d")]
    [InlineData("x <y")]
    [InlineData("<p>")]
    [InlineData("<!-- x >")]
    [InlineData("<a x> &#; &#x; <b")]
    [InlineData("1 <2> 3")]
    public void Value_ThatSaysTheSame_IsShownOnce(string value)
    {
        var request = Body.Read("application/x-www-form-urlencoded", "q=" + Uri.EscapeDataString(value));
        Assert.Equal("q=" + value, CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("<a>b<", "")]
    [InlineData("<a>b</a><c>d<", "bd<")]
    [InlineData("a<b c='&amp;", "a<b c='&")]
    [InlineData("<a>x</a> <b c='&amp;'>y</b><d e=\"&lt;", "x y<d e=\"<\n&")]
    [InlineData("<!-- x", "")]
    [InlineData("<![CDATA[&amp;]]>&amp;", "&amp;&")]
    public void Plain_OfBrokenMarkup_TakesWhatItCan(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var output = new byte[bytes.Length];
        Assert.Equal(expected, Encoding.UTF8.GetString(output, 0, MarkupText.Plain(bytes, output)));
    }

    /// <summary>Never more than the text has, whatever it is.</summary>
    [Fact]
    public void Plain_OfAnyText_FitsIntoAsManyBytes()
    {
        var random = new Random(5);
        string[] pieces = ["<", ">", "<a ", "'", "\"", "&amp;", "&", "<!--", "-->", "<![CDATA[", "]]>", "<?", "x", "="];
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ =>
                pieces[random.Next(pieces.Length)]));
            var bytes = Encoding.UTF8.GetBytes(text);
            Assert.InRange(MarkupText.Plain(bytes, new byte[bytes.Length]), 0, bytes.Length);
        }
    }

    [Fact]
    public void Text_EscapedMoreOftenThanIsUndone_IsSaidToBeUnread()
    {
        foreach (var (layers, isUnread) in ((int, bool)[])[(3, false), (5, true)])
        {
            var text = "\"\\u0065vil\"";
            for (var i = 1; i < layers; i++) text = System.Text.Json.JsonSerializer.Serialize(text);
            var request = Body.Read("application/x-www-form-urlencoded", "q=" + Uri.EscapeDataString(text));
            Assert.Equal(isUnread, request.Unread.HasFlag(UnreadContent.Text));
        }
    }
}
