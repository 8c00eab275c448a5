using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>
/// Readings that some programs have of a request beside the plain one: what they find is shown, or the request says
/// that it was not read whole.
/// </summary>
public sealed class SecondReadingTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Word = "evilmarker";
    private const string Part = "--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n";
    private static readonly Encoding Ebcdic = CodePagesEncodingProvider.Instance.GetEncoding(37)!;

    /// <summary>
    /// Libraries compare names without punctuation; some take the last of two, some end one at a comma.
    /// </summary>
    [Theory]
    [InlineData("application/json; charset=utf--7")]
    [InlineData("application/json; charset=utf_7")]
    [InlineData("application/json; charset=\"utf-\\7\"")]
    [InlineData("application/json; charset=utf-7-imap")]
    [InlineData("application/json; charset=utf-8; charset=utf-7")]
    [InlineData("application/json; charset=utf-7,x")]
    [InlineData("application/json, charset=utf-7")]
    public void Charset_WrittenOddly_IsConverted(string type) =>
        Assert.Contains(Word, Seen(Body.Read(type, """{"q":"+AGUAdgBpAGwAbQBhAHIAawBlAHI-"}""")));

    [Theory]
    [InlineData("application/json; charset=unicode_escape")]
    [InlineData("application/x-www-form-urlencoded; charset=rot13")]
    [InlineData("multipart/form-data; boundary=b; charset=nobody-knows")]
    [InlineData("text/plain; charset=ibm037; charset=utf-7")]
    public void Charset_ThatNobodyKnows_IsSaidToBeUnread(string type)
    {
        var body = type.StartsWith("multipart", StringComparison.Ordinal)
            ? Body.Multipart("Content-Disposition: form-data; name=\"q\"||x") : "q=x";
        Assert.True(Body.Read(type, body).Unread.HasFlag(UnreadContent.Coding));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("application/json;charset=\"utf-8\"")]
    [InlineData("application/json; charset=utf-8; charset=UTF-8")]
    [InlineData("application/json; charset=utf-8, application/json")]
    [InlineData("application/json; charset=shift_jis")]
    [InlineData("application/json; charset=gb2312")]
    [InlineData("application/json; charset=euc-kr")]
    public void Charset_OfOrdinaryClients_IsNothingUnread(string type)
    {
        var request = Body.Read(type, """{"q":"x"}""");
        Assert.Equal(UnreadContent.None, request.Unread);
        Assert.Equal("json.q=x", CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("utf-16LE")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32LE")]
    [InlineData("utf-32BE")]
    public void Form_ThatIsADocumentInAnotherWidth_IsReadAsOne(string charset)
    {
        var encoding = Encoding.GetEncoding(charset);
        foreach (var mark in (byte[][])[[], encoding.GetPreamble()])
        {
            byte[] json = [.. mark, .. encoding.GetBytes("""{"q":"evilm\u0061rker"}""")];
            Assert.Contains("json.q=" + Word, Seen(Body.Read(Form, json)));
            byte[] xml = [.. mark, .. encoding.GetBytes("<r><q>evilm&#97;rker</q></r>")];
            Assert.Contains(Word, Seen(Body.Read(Form, xml)));
        }
    }

    [Fact]
    public void Form_WithADocumentTypeInAnotherWidth_IsRefused()
    {
        const string xml = "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>";
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Ebcdic])
            Assert.Equal(BodyError.Xml, Body.Read(Form, encoding.GetBytes(xml)).BodyError);
    }

    [Theory]
    [InlineData("utf-16", "utf-16")]
    [InlineData("ibm037", "ibm037")]
    public void Form_InItsDeclaredCharsetAsAWhole_IsRead(string declared, string charset)
    {
        var encoding = charset == "ibm037" ? Ebcdic : Encoding.GetEncoding(charset);
        var request = Body.Read($"{Form}; charset={declared}", encoding.GetBytes("a=1&q=" + Word));
        Assert.Contains("q=" + Word, Seen(request));
    }

    [Fact]
    public void Part_ThatIsADocumentInAnotherWidth_IsRead()
    {
        var json = Encoding.Latin1.GetString(Encoding.Unicode.GetBytes("""{"q":"evilm\u0061rker"}"""));
        var body = Body.Multipart($"Content-Disposition: form-data; name=\"p\"|Content-Type: application/json||{json}");
        Assert.Contains("json.q=" + Word, Seen(Body.Read("multipart/form-data; boundary=b", body)));
    }

    /// <summary>Readers of JSON and XML that take more than the standards do find values where ours stops.</summary>
    [Theory]
    [InlineData("""{/**/"q":"evilm\u0061rker"}""")]
    [InlineData("""{'q':'evilm\u0061rker'}""")]
    [InlineData("""{/**/"q":"a=evilm\u0061rker"}""")]
    public void Form_ThatIsADocumentForALenientReader_IsShownAndSaidToBeUnread(string body)
    {
        var request = Body.Read(Form, body);
        Assert.Contains(Word, Seen(request));
        Assert.Equal(UnreadContent.Text, request.Unread);
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Fact]
    public void Form_ThatIsXmlForALenientReader_IsSaidToBeUnread()
    {
        var request = Body.Read(Form, "<r></x><q>&#x65;vilmarker</q></r>");
        Assert.Contains("&#x65;vilmarker", Seen(request));
        Assert.Equal(UnreadContent.Text, request.Unread);
    }

    [Theory]
    [InlineData("a=1&b=2")]
    [InlineData("-a=1&b=2")]
    [InlineData("--=1")]
    [InlineData("{\"a\":1}")]
    [InlineData("<a>1</a>")]
    public void Form_OfOrdinaryClients_IsWhole(string body) =>
        Assert.Equal(UnreadContent.None, Body.Read(Form, body).Unread);

    [Theory]
    [InlineData("application/json", "base64", "cT1ldmlsbWFya2VyIQ==", true)]
    [InlineData(Form, "base64", "cT1ldmlsbWFya2VyIQ==", true)]
    [InlineData(Form, "aws-chunked", "4;chunk-signature=a\r\n<scr\r\n3;chunk-signature=b\r\nipt\r\n0\r\n\r\n", true)]
    [InlineData("multipart/form-data; boundary=b", "aws-chunked", Part + "4\r\n<scr\r\n--b--", true)]
    [InlineData("application/json", "foo", """{"a":1}""", false)]
    [InlineData(Form, "foo", """{"a":1}""", false)]
    [InlineData("text/xml", "foo", "<a/>", false)]
    public void CodingThatNobodyUndoes_OverWhatCannotFail_IsSaidToBeUnread(
        string type, string coding, string body, bool isUnread)
    {
        var request = Body.Read(type, Encoding.Latin1.GetBytes(body), headers: ("Content-Encoding", coding));
        Assert.Equal(isUnread ? UnreadContent.Coding : UnreadContent.None, request.Unread);
    }

    /// <summary>Readers make classes and members of names; files are run for what stands in comments.</summary>
    [Theory]
    [InlineData("<a><!-- evilmarker --><!--2--></a>", "xml.comment= evilmarker \n2")]
    [InlineData("<svg><!--#exec cmd=\"id\"--></svg>", "xml.comment=<!--#exec cmd=\"id\"-->")]
    [InlineData("<svg><?php system(1) ?></svg>", "xml.instruction=<?php system(1) ?>")]
    [InlineData("<?xml-stylesheet href='//evil/x.xsl'?><a/>", "xml.instruction=xml-stylesheet href='//evil/x.xsl'")]
    [InlineData("<?xml version='1.0' x='$(id)'?><a/>", "xml.instruction=xml version='1.0' x='$(id)'")]
    [InlineData("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='no'?><s:a x-y='1'><b_c/></s:a>", "")]
    public void Xml_CommentsAndInstructions_AreShown(string body, string expected)
    {
        var request = Body.Read("text/xml", body);
        Assert.Equal(expected, CanonicalRequestTests.Arguments(request));
        Assert.Equal(BodyError.None, request.BodyError);
    }

    /// <summary>Models are shown names that are more than a word, each once; rules take names for no values.</summary>
    [Theory]
    [InlineData("<map><javax.imageio.ImageIO_-Filter/></map>", "javax.imageio.ImageIO_-Filter")]
    [InlineData("<a><__proto__ b='1'/><__proto__/></a>", "__proto__")]
    [InlineData("<a __proto__='1'/>", "__proto__")]
    [InlineData("<s:a x-y='1'><b_c/></s:a>", "")]
    public void Xml_OddNames_AreAPartForModels(string body, string expected)
    {
        var request = Body.Read("text/xml", body);
        var names = request.XmlTexts.ToArray()
            .Where(text => CanonicalRequestTests.Text(request, text.Path) == "xml.names")
            .Select(text => CanonicalRequestTests.Text(request, text.Value));
        Assert.Equal(expected, string.Join('|', names));
        Assert.Empty(CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("UTF-7", "+AGUAdgBpAGwAbQBhAHIAawBlAHI-")]
    [InlineData("ISO-2022-JP", "evilm\u001b(Barker")]
    public void Xml_ThatNamesItsEncoding_IsReadInIt(string encoding, string value)
    {
        var request = Body.Read("text/xml", $"<?xml version=\"1.0\" encoding=\"{encoding}\"?><r><q>{value}</q></r>");
        Assert.Contains(Word, Seen(request));
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("utf-8", UnreadContent.None)]
    [InlineData("utf-16", UnreadContent.None)]
    [InlineData("Windows-1251", UnreadContent.None)]
    [InlineData("Shift_JIS", UnreadContent.None)]
    [InlineData("GB18030", UnreadContent.None)]
    [InlineData("x-nobody-knows", UnreadContent.Coding)]
    public void Xml_ThatNamesAnOrdinaryEncoding_IsWhole(string encoding, UnreadContent expected)
    {
        var request = Body.Read("text/xml", $"<?xml version='1.0' encoding='{encoding}'?><r>a</r>");
        Assert.Equal(expected, request.Unread);
        Assert.Equal("a", CanonicalRequestTests.Text(request, request.XmlContent));
    }

    [Fact]
    public void Query_UnderACharset_IsConverted()
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(
            request, "GET", "/?q=%85%A5%89%93%94%81%99%92%85%99",
            [("Host", "h"), ("Content-Type", "text/plain; charset=ibm037")]);
        Assert.Contains("=" + Word, CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\"?><r><q>&#x65;vilmarker</q></r>")]
    [InlineData("q=%65vilmarker")]
    [InlineData("""["\u0065vilmarker"]""")]
    public void GraphQl_ThatIsSomethingElse_IsReadAsThat(string body) =>
        Assert.Contains(Word, Seen(Body.Read("application/graphql", body)));

    [Fact]
    public void GraphQl_WithADocumentType_IsRefused() => Assert.Equal(BodyError.Xml, Body.Read(
        "application/graphql", "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r>&x;</r>").BodyError);

    [Theory]
    [InlineData("base64; x=y", "ZXZpbG1hcmtlcg==")]
    [InlineData("base64 ", "=ZXZpbG1hcmtlcg==")]
    [InlineData("base64", "ZX=ZpbG1hcmtlcg==")]
    [InlineData("BASE64", "YQ==ZXZpbG1hcmtlcg==")]
    public void TransferCoding_WrittenOddly_IsUndone(string coding, string content) => Assert.Contains(Word, Seen(
        Body.Read("multipart/form-data; boundary=b", Body.Multipart(
            $"Content-Disposition: form-data; name=\"q\"|Content-Transfer-Encoding: {coding}||{content}"))));

    [Theory]
    [InlineData("x-uuencode", UnreadContent.Coding)]
    [InlineData("binary", UnreadContent.None)]
    [InlineData("8BIT", UnreadContent.None)]
    public void TransferCoding_ThatNobodyKnows_IsSaidToBeUnread(string coding, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read("multipart/form-data; boundary=b", Body.Multipart(
            $"Content-Disposition: form-data; name=\"q\"|Content-Transfer-Encoding: {coding}||x")).Unread);

    [Theory]
    [InlineData("iso-2022-jp", "q=evilm%1B%28Barker")]
    [InlineData("hz-gb-2312", "q=evilm~%0Aarker")]
    public void Charset_WhoseShiftsVanish_IsNoSuperset(string charset, string body) =>
        Assert.Contains("q=" + Word, Seen(Body.Read($"{Form}; charset={charset}", body)));

    [Theory]
    [InlineData("application/yaml", "q: \"\\x65vilmarker\"", UnreadContent.Text)]
    [InlineData("text/plain", "q=%65vilmarker &r=1", UnreadContent.Text)]
    [InlineData("text/plain", "a &#x65; b", UnreadContent.Text)]
    [InlineData("text/plain", "a \\ b, 100% c", UnreadContent.None)]
    public void OneLine_WithEscapes_IsShownAndSaidToBeUnread(string type, string body, UnreadContent expected)
    {
        var request = Body.Read(type, body);
        Assert.Contains(body, Seen(request));
        Assert.Equal(expected, request.Unread);
    }

    [Theory]
    [InlineData("\u00ef\u00bb\u00bf<r><q>&#x65;vilmarker</q></r>", UnreadContent.FileContent)]
    [InlineData("a: \"\\x65\"", UnreadContent.FileContent)]
    [InlineData("plain", UnreadContent.None)]
    public void FileOfOneLine_WithEscapesOrADocument_IsSaidToBeUnread(string content, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read("multipart/form-data; boundary=b", Body.Multipart(
            $"Content-Disposition: form-data; name=\"q\"; filename=\"a\"||{content}")).Unread);

    [Theory]
    [InlineData("IBM037", UnreadContent.Coding)]
    [InlineData("utf-7", UnreadContent.Coding)]
    [InlineData("nobody-knows", UnreadContent.Coding)]
    [InlineData("UTF-8", UnreadContent.None)]
    [InlineData("windows-1252", UnreadContent.None)]
    [InlineData("", UnreadContent.None)]
    public void CharsetField_ThatChangesHowOthersAreRead_IsSaidToBeUnread(string charset, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read("multipart/form-data; boundary=b", Body.Multipart(
            $"Content-Disposition: form-data; name=\"_charset_\"||{charset}",
            "Content-Disposition: form-data; name=\"q\"||x")).Unread);

    [Theory]
    [InlineData(Form, "xml=%3Cr%3E%3Cq%3E%26%23x65%3Bvilmarker%3C%2Fq%3E%3C%2Fr%3E")]
    [InlineData("application/json", "{\"a\":\"<q>&#x65;vilmarker</q>\"}")]
    public void XmlInAValue_IsShownWithItsReferencesUndone(string type, string body) =>
        Assert.Contains($"<q>{Word}</q>", Seen(Body.Read(type, body)));

    [Fact]
    public void CookieInQuotes_WithAPairBehindIt_IsUnescaped()
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), ("Cookie", "a=\"\\145vilmarker\" b=1")]);
        var values = new List<string>();
        foreach (var cookie in request.Cookies) values.Add(CanonicalRequestTests.Text(request, cookie.Value));
        Assert.Contains(Word, values);
    }

    private static string Seen(CanonicalRequest request) =>
        CanonicalRequestTests.Arguments(request) + CanonicalRequestTests.Text(request, request.XmlContent);
}
