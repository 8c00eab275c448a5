using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>Bodies whose type is missing, misspelt, unknown or belied by their first byte.</summary>
public sealed class UndeclaredBodyTests
{
    private const string Part =
        "--real\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n<script>\r\n--real--\r\n";

    public static TheoryData<string, string, string> Bodies => new()
    {
        { """{"a":"\u003cscript>"}""", "json.a=<script>", "" },
        { " \n[\"<script>\"]", "json.array_0=<script>", "" },
        { "\"' OR '1'='1\"", "json=' OR '1'='1", "" },
        { "<?xml version=\"1.0\"?><B><f><![CDATA[<script>]]></f></B>", "", "<script>" },
        { Part, "a=<script>", "" },
        { "field1=%3Cscript%3E&b=1", "field1=<script>|b=1", "" },
        { "' UNION SELECT password FROM users-- -", "body.text=' UNION SELECT password FROM users-- -", "" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void EndBody_BodyWithoutAKnownType_IsReadInEveryPlausibleWay(string body, string arguments, string xml)
    {
        foreach (var type in (string[])["", "text/plain;charset=UTF-8", "application/octet-stream",
            "application/x-custom", "image/png", "nonsense"])
        {
            var request = Read(type, Encoding.UTF8.GetBytes(body));
            Assert.Equal(arguments, CanonicalRequestTests.Arguments(request));
            Assert.Equal(xml, CanonicalRequestTests.Text(request, request.XmlContent));
            Assert.Equal(UnreadContent.None, request.Unread);
            Assert.Equal(BodyError.None, request.BodyError);
            Assert.True(request.IsBodyRead);
        }
    }

    /// <summary>
    /// Whatever the body is declared to be, under codings known and unknown: its value is among what rules see, or the
    /// body is refused, or it is said not to have been read.
    /// </summary>
    [Theory]
    [MemberData(nameof(Bodies))]
    public void EndBody_AnyDeclaredType_AnyCoding_ShowsTheValueOrSaysThatItDoesNot(
        string body, string arguments, string xml)
    {
        var value = arguments.Length > 0 ? arguments[(arguments.IndexOf('=') + 1)..].Split('|')[0] : xml;
        foreach (var type in (string[])["", "text/plain", "application/x-www-form-urlencoded", "application/json",
            "application/xml", "multipart/form-data", "multipart/form-data; boundary=real", "application/graphql",
            "application/octet-stream", "text/html", "application/x-ndjson", "video/mp4"])
        foreach (var coding in (string?[])[null, "foo", "foo, bar", "utf-8", "identity, foo"])
        {
            var request = Read(type, Encoding.UTF8.GetBytes(body), coding);
            var seen = CanonicalRequestTests.Arguments(request)
                + CanonicalRequestTests.Text(request, request.XmlContent);
            // Rules undo percent signs of what they are shown as it came.
            Assert.True(
                Uri.UnescapeDataString(seen).Contains(value, StringComparison.Ordinal)
                    || request.BodyError != BodyError.None || request.Unread != UnreadContent.None,
                $"{type} under {coding}: {body} shows {seen}");
        }
    }

    [Theory]
    [InlineData("""{"a":"\u003cscript>"}""", "json.a=<script>")]
    [InlineData("<a b='\u003cscript>'/>", null)]
    [InlineData(Part, "a=<script>")]
    [InlineData("\u00ef\u00bb\u00bf" + Part, "a=<script>")]
    [InlineData("\r\n " + Part, "a=<script>")]
    public void EndBody_DocumentDeclaredAsAForm_IsReadAsBoth(string body, string? argument)
    {
        var request = Body.Read("application/x-www-form-urlencoded", body);
        Assert.Equal(BodyError.None, request.BodyError);
        if (argument is not null) Assert.Contains(argument, CanonicalRequestTests.Arguments(request),
            StringComparison.Ordinal);
        else Assert.Equal(1, request.XmlAttributes.Length);
    }

    private const string Attack = "1' UNION SELECT password FROM users-- -";

    [Theory]
    [InlineData("{'q':\"" + Attack + "\"}", Attack)]
    [InlineData("{\"a\":1,q:'" + Attack + "'}", Attack)]
    [InlineData("{\"a\":1,'q':'\\u0027 UNION'}", "' UNION")]
    [InlineData("{/**/\"q\":\"" + Attack + "\"}", Attack)]
    [InlineData("/* a */ {\"q\":\"\\u0027 UNION SELECT\"}", "' UNION SELECT")]
    [InlineData("// a\n# b\n[\"\\u0027 UNION SELECT\"]", "' UNION SELECT")]
    [InlineData("<a>" + Attack + "<b></a>", Attack)]
    [InlineData("<a><b>1</c><d e=\"" + Attack + "\"/></a>", Attack)]
    [InlineData("<htmlx>" + Attack + "</htmlx>", Attack)]
    public void EndBody_DocumentThatOtherReadersTake_IsShown(string body, string expected)
    {
        foreach (var type in (string[])["", "text/plain", "application/octet-stream"])
        {
            var request = Read(type, Encoding.UTF8.GetBytes(body));
            var shown = CanonicalRequestTests.Arguments(request)
                + CanonicalRequestTests.Text(request, request.XmlContent);
            Assert.Contains(expected, shown, StringComparison.Ordinal);
            Assert.Equal(BodyError.None, request.BodyError);
        }
    }

    [Fact]
    public void EndBody_JsonInUtf16WithoutAMark_IsConverted()
    {
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            foreach (var type in (string[])["application/json", "", "text/plain"])
            {
                var request = Read(type, encoding.GetBytes("""{"a":"<script>"}"""));
                Assert.Equal("json.a=<script>", CanonicalRequestTests.Arguments(request));
            }
        }
    }

    [Theory]
    [InlineData("import os\nprint('x')\n", UnreadContent.Text)]
    [InlineData("<!DOCTYPE html><html><meta><p>x</html>", UnreadContent.Text)]
    [InlineData("<!doctype html>\n<html><body><br></body></html>", UnreadContent.Text)]
    [InlineData("# Title\n\n{% if x %} text\n", UnreadContent.Text)]
    [InlineData("{ margin: 0 }\n.a { b: c }", UnreadContent.Text)]
    [InlineData("\"use strict\";\nvar a = 1;", UnreadContent.Text)]
    [InlineData("kind: Pod\nspec:\n  command: [\"sh\", \"-c\"]\n", UnreadContent.Text)]
    [InlineData("\0\u0001\u0002\u0003\u0004binary\u00ff\u00fe", UnreadContent.ContentType)]
    public void EndBody_BodyNoReaderKnows_IsNeitherErrorNorAnomalyAndIsCounted(string body, UnreadContent expected)
    {
        var bytes = Encoding.Latin1.GetBytes(body);
        var request = Read("", bytes);
        Assert.Equal(expected, request.Unread);
        Assert.Equal(bytes.Length, request.UnreadBytes);
        Assert.Equal(BodyError.None, request.BodyError);
        const Anomalies malformed = Anomalies.MalformedJson | Anomalies.MalformedXml | Anomalies.MalformedMultipart;
        Assert.Equal(Anomalies.None, request.Anomalies & malformed);
        Assert.False(request.IsBodyRead);
    }

    [Fact]
    public void Reset_AfterAnUnreadBody_ForgetsIt()
    {
        var request = Read("", [1, 2, 3, 4, 5, 6]);
        request.Reset();
        Assert.Equal(UnreadContent.None, request.Unread);
        Assert.Equal(0, request.UnreadBytes);
        Assert.Null(request.Problem);
    }

    private static CanonicalRequest Read(string type, byte[] body, string? coding = null)
    {
        var request = new CanonicalRequest();
        List<(string, string)> headers = [("Host", "h")];
        if (type.Length > 0) headers.Add(("Content-Type", type));
        if (coding is not null) headers.Add(("Content-Encoding", coding));
        CanonicalRequestTests.Feed(request, "POST", "/", [.. headers]);
        request.AppendBody(body);
        request.EndBody();
        return request;
    }
}
