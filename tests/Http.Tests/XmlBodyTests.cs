using System.Text;

namespace WafOperator.Http.Tests;

public sealed class XmlBodyTests
{
    [Theory]
    [InlineData("<a>x</a>", "xml.a=x", "x")]
    [InlineData("<?xml version=\"1.0\"?><!-- c --><a b='1' c=\"&lt;&#x41;\"><d>1</d>\n<d>2</d></a>\n",
        "xml.a.d=1|xml.a.d=2", "1\n2")]
    [InlineData("<a>&#x0000000000000003c;b&#00000000000000062;&#;&#x;&#000</a>", "xml.a=<b>&#;&#x;&#000",
        "<b>&#;&#x;&#000")]
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

    [Theory]
    [InlineData("<!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;\">]><l>&b;&b;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><l>&a;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY a PUBLIC \"x\" \"http://evil/\">]><l>&a;</l>")]
    [InlineData("<!DOCTYPE l [<!ENTITY % a \"x\"> %a;]><l/>")]
    [InlineData("<!DOCTYPE l [<!ENTITY a \"' UNION SELECT\">]><l>&a;</l>")]
    [InlineData("<!DOCTYPE a [<?p ' ?><!ENTITY x SYSTEM \"file:///etc/passwd\"><?p ' ?>]><a>&x;</a>")]
    [InlineData("<!DOCTYPE a [<!-- ' --><!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>")]
    [InlineData("<!DOCTYPE a SYSTEM \"http://evil/x.dtd\"><a/>")]
    [InlineData("<!DOCTYPE a SYSTEM 'x.dtd'><a/>")]
    [InlineData("<!DOCTYPE html SYSTEM \"http://evil/x.dtd\"><html/>")]
    [InlineData("<!DOCTYPE html [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><html>&a;</html>")]
    [InlineData("<!DOCTYPE a PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://evil/svg11.dtd\"><a/>")]
    [InlineData("<!DOCTYPE a PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"file:///etc/passwd\"><a/>")]
    [InlineData("<!DOCTYPE a SYSTEM \"http://www.w3.org.evil/x.dtd\"><a/>")]
    [InlineData("<!DOCTYPE a SYSTEM \"http://www.w3.org@evil/x.dtd\"><a/>")]
    [InlineData("<!DOCTYPE a [<!ATTLIST a b CDATA \"<script>\">]><a/>")]
    [InlineData("<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/x.dtd\" [<!ENTITY a 'b'>]><s"
        + "vg/>")]
    public void Read_DocumentTypeThatCanHideOrFetch_IsRefusedUnlessAllowed(string xml)
    {
        var request = Body.Read("application/xml", xml);
        Assert.Equal(BodyError.Xml, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.XmlDoctype));
        Assert.Equal(BodyError.Xml, Body.Read("text/plain", xml).BodyError);

        var allowed = new CanonicalRequest { AllowsXmlDoctypes = true };
        Body.Feed(allowed, "application/xml", Encoding.UTF8.GetBytes(xml));
        Assert.Equal(BodyError.None, allowed.BodyError);
        Assert.Contains("xml.doctype=<!DOCTYPE", CanonicalRequestTests.Arguments(allowed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1"
        + ".0.dtd\">")]
    [InlineData("<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.d"
        + "td\">")]
    [InlineData("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"\n \"http://www.w3.org/TR/xhtml1/DTD/xh"
        + "tml1-strict.dtd\" >")]
    [InlineData("<!DOCTYPE cXML SYSTEM \"http://xml.cXML.org/schemas/cXML/1.2.014/cXML.dtd\">")]
    [InlineData("<!DOCTYPE html>")]
    [InlineData("<!DOCTYPE html SYSTEM \"about:legacy-compat\">")]
    [InlineData("<!DOCTYPE a [ ]>")]
    [InlineData("<?p don't ?><!-- isn't --><!DOCTYPE a>")]
    public void Read_WellKnownDocumentType_Passes(string doctype)
    {
        var request = Body.Read("application/xml", "<?xml version=\"1.0\"?>" + doctype + "<a>x</a>");
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal("xml.a=x", Values(request, request.XmlTexts));
    }

    [Fact]
    public void Read_Attributes_AreJoinedForRulesWithoutNamespaces()
    {
        var request = Body.Read("text/xml", "<a xmlns='u' xmlns:d='DAV:' b='&lt;script>'><c e=\"2\"/></a>");
        Assert.Equal("<script>\n2\n", CanonicalRequestTests.Text(request, request.XmlAttributeContent));
        Assert.True(request.XmlContent.IsEmpty);
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
