namespace WafOperator.Http.Tests;

public sealed class XmlBodyTests
{
    [Theory]
    [InlineData("<a>x</a>", "xml.a=x", "x")]
    [InlineData("<?xml version=\"1.0\"?><!-- c --><a b='1' c=\"&lt;&#x41;\"><d>1</d>\n<d>2</d></a>\n",
        "xml.a.d=1|xml.a.d=2", "1\n2")]
    [InlineData("<a>sel<b/>ect</a>", "xml.a=sel|xml.a=ect", "select")]
    [InlineData("<a><![CDATA[<&>]]>&amp;&#39;</a>", "xml.a=<&>|xml.a=&'", "<&>&'")]
    [InlineData("<s:e xmlns:s=\"u\"><s:b>&x;</s:b></s:e>", "xml.s:e.s:b=&x;", "&x;")]
    public void Read_WellFormed_GivesTexts(string xml, string texts, string content)
    {
        var request = Body.Read("text/xml", xml);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(texts, Values(request, request.XmlTexts));
        Assert.Equal(content, CanonicalRequestTests.Text(request, request.XmlContent));
    }

    [Fact]
    public void Read_Attributes_AreDecodedWithTheirPath()
    {
        var request = Body.Read("application/soap+xml", "<a b='1'><c d = \"&quot;&#x3c;&#60;\" /></a>");
        Assert.Equal("xml.a.@b=1|xml.a.c.@d=\"<<", Values(request, request.XmlAttributes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<a>")]
    [InlineData("<a></b>")]
    [InlineData("</a>")]
    [InlineData("<a/><b/>")]
    [InlineData("<a/>text")]
    [InlineData("<a b></a>")]
    [InlineData("<a b=c></a>")]
    [InlineData("<a b='c></a>")]
    [InlineData("<a><!-- </a>")]
    [InlineData("<a><![CDATA[ </a>")]
    [InlineData("<!DOCTYPE a [ <!ENTITY x \"y\"> <a/>")]
    [InlineData("text")]
    [InlineData("< a/>")]
    public void Read_Broken_IsInError(string xml)
    {
        var request = Body.Read("application/xml", " " + xml);
        Assert.Equal(BodyError.Xml, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedXml));
    }

    [Fact]
    public void Read_EntityOfTheDocument_IsNotExpanded()
    {
        var request = Body.Read("application/xml", "<!DOCTYPE l [<!ENTITY a \"lol\">]><l>&a;&a;</l>");
        Assert.Equal("&a;&a;", CanonicalRequestTests.Text(request, request.XmlContent));
        Assert.True(request.Anomalies.HasFlag(Anomalies.XmlEntityDeclaration));
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("<!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;\">]><l>&b;&b;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><l>&a;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY a PUBLIC \"x\" \"http://evil/\">]><l>&a;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY % a \"x\"> %a;]><l/>")]
    public void Read_HarmfulEntity_IsInError(string xml)
    {
        var request = Body.Read("application/xml", xml);
        Assert.Equal(BodyError.Xml, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.XmlDoctype | Anomalies.XmlEntityDeclaration));
    }

    [Fact]
    public void Read_ExternalEntity_IsNoted()
    {
        var request = Body.Read("application/xml", "<!DOCTYPE r SYSTEM \"http://evil/x.dtd\"><r/>");
        Assert.True(request.Anomalies.HasFlag(Anomalies.XmlDoctype | Anomalies.XmlEntityDeclaration));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void Read_Depth_IsLimited(int depth, bool isExceeded)
    {
        var xml = string.Concat(Enumerable.Repeat("<a>", depth)) + string.Concat(Enumerable.Repeat("</a>", depth));
        var request = Body.Read("application/xml", xml, new HttpLimits { XmlDepthMax = 3 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.XmlDepth));
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void Read_Nodes_AreLimited(int attributes, bool isExceeded)
    {
        var xml = "<a " + string.Join(' ', Enumerable.Range(0, attributes).Select(i => $"x{i}='1'")) + "/>";
        var request = Body.Read("application/xml", xml, new HttpLimits { XmlNodesMax = 10 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.XmlNodes));
    }

    private static string Values(CanonicalRequest request, ReadOnlySpan<XmlValue> values)
    {
        var list = new List<string>();
        foreach (var value in values)
            list.Add(CanonicalRequestTests.Text(request, value.Path) + "="
                + CanonicalRequestTests.Text(request, value.Value));
        return string.Join("|", list);
    }
}
