using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>Escapes of GraphQL, of languages that are more than JSON, and of what is only called a form.</summary>
public sealed class OtherEscapesTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Word = "evilmarker";

    [Theory]
    [InlineData("""{"query":"{a(x:\"evilm\\u{61}rker\")}"}""")]
    [InlineData("""{"query":"{a(x:\"evilm\\u{000061}rker\" y:\"\\uD83D\\uDE00\")}"}""")]
    [InlineData("""{"query":",\n#c\n{a(x:\"\\u{65}vilmarker\")}"}""")]
    [InlineData("""{"query":"\ufeff query q {a(x:\"\\u{65}vilmarker\")}"}""")]
    public void GraphQl_WithCodePointsInBraces_IsUndone(string body)
    {
        var request = Body.Read("application/json", body);
        Assert.Contains("graphql.x=" + Word, CanonicalRequestTests.Arguments(request));
        Assert.Equal(UnreadContent.None, request.Unread);
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("{a(x:\"evilm\\u{61}rker\")}")]
    [InlineData(", {a(x:\"evilm\\u{61}rker\")}")]
    [InlineData("#c\n{a(x:\"evilm\\u{61}rker\")}")]
    public void GraphQl_InTheQuery_IsUndone(string document)
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/graphql?query=" + Uri.EscapeDataString(document), [("Host", "h")]);
        Assert.Contains("graphql.x=" + Word, CanonicalRequestTests.Arguments(request));
    }

    [Fact]
    public void GraphQl_AsAWholeBody_IsUndone()
    {
        var request = Body.Read("application/graphql", """{a(x:"evilm\u{61}rker",p:"..\/etc")}""");
        Assert.Contains("graphql.x=" + Word, CanonicalRequestTests.Arguments(request));
        Assert.Contains("graphql.p=../etc", CanonicalRequestTests.Arguments(request));
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("""{"query":"{a(x:\"\\q\",y:\"\\/x\")}"}""", UnreadContent.Text)]
    [InlineData("""{"query":"{a(x:\"\\u{110000}\")}"}""", UnreadContent.Text)]
    [InlineData("""{"query":"{a(x:\"\\u{}\")}"}""", UnreadContent.Text)]
    [InlineData("""{"query":"{a(x:\"tea\")}"}""", UnreadContent.None)]
    [InlineData("""{"query":"tea {"}""", UnreadContent.None)]
    public void GraphQl_ThatDoesNotParse_IsSaidToBeUnread(string body, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read("application/json", body).Unread);

    /// <summary>The escapes are GraphQL's: JSON has none of them.</summary>
    [Fact]
    public void Json_WithCodePointsInBraces_IsMalformed() =>
        Assert.Equal(BodyError.Json, Body.Read("application/json", """{"q":"\u{61}"}""").BodyError);

    [Theory]
    [InlineData("""{q:'evilm\x61rker'}""")]
    [InlineData("""{q:"evilm\u{61}rker"}""")]
    [InlineData("""x \u{65}vilmarker""")]
    [InlineData("""/* c */ {q:'evilm\U00000061rker'}""")]
    [InlineData("""// c""" + "\n" + """['evilm\141rker']""")]
    [InlineData("""a={"q":"evilm\x61rker"}""")]
    public void Value_InALanguageThatIsMoreThanJson_IsUndone(string value) => Assert.Contains(
        Word, CanonicalRequestTests.Arguments(Body.Read(Form, "q=" + Uri.EscapeDataString(value))));

    [Theory]
    [InlineData("""["C:\202"]""")]
    [InlineData("""["C:\x0a1","\0","\x00","\U0001"]""")]
    public void Value_WithAPathOfWindows_BringsNoControlBytes(string value)
    {
        var request = Body.Read(Form, "q=" + Uri.EscapeDataString(value));
        Assert.DoesNotContain('\0', CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("X-Parse-Cloud-Context", "{\"q\":\"evilm\\u0061rker\"}", true)]
    [InlineData("X-Filter", "a,evilm\\u0061rker", true)]
    [InlineData("X-Filter", "['evilm\\x61rker']", true)]
    [InlineData("Sec-CH-UA", "\"Not\\\\A;Brand\";v=\"99\"", false)]
    [InlineData("X-Path", "C:\\users", false)]
    public void Header_WithJson_IsUndone(string name, string value, bool isShown)
    {
        var request = CanonicalRequestTests.Get("/", ("Host", "h"), (name, value));
        Assert.Equal(isShown ? 3 : 2, request.Headers.Length);
        if (isShown) Assert.Contains(Word, CanonicalRequestTests.Text(request, request.Headers[2].Value));
    }

    [Fact]
    public void Path_WithJson_IsUndone() => Assert.Contains("path=/items;f={\"q\":\"evilmarker\"}",
        CanonicalRequestTests.Arguments(
            CanonicalRequestTests.Get("/items;f=%7B%22q%22:%22evilm%5Cu0061rker%22%7D", ("Host", "h"))));

    [Theory]
    [InlineData("a: 1\nq: \"\\x65vilmarker\"\n", UnreadContent.Text)]
    [InlineData("q = \"\\U00000065vilmarker\"", UnreadContent.Text)]
    [InlineData("a=1\r\nb=2", UnreadContent.Text)]
    [InlineData("q: !!binary ZXZpbG1hcmtlcg==", UnreadContent.Text)]
    [InlineData("q=&#x65;vilmarker", UnreadContent.Text)]
    [InlineData("q=&lt;script", UnreadContent.Text)]
    [InlineData("\u00a1aq_Eevil\u00ff=", UnreadContent.Text)]
    [InlineData("PK\u0003\u0004\0\0\0\0a=b", UnreadContent.ContentType)]
    [InlineData("\u0082\u00a1a\u0001\u00a1q\u00a4evil", UnreadContent.Text)]
    [InlineData("\u001f\u008b\u0008\0\0\0\0\0", UnreadContent.ContentType)]
    [InlineData("a=1&b=%5Cx65&c=%26%23x65;&d=C:\\tea\r\n", UnreadContent.None)]
    [InlineData("a=b&c&d=e;f", UnreadContent.None)]
    [InlineData("name=J\u00c3\u00bcrgen&x=a b", UnreadContent.None)]
    [InlineData("{\r\n \"a\": 1\r\n}", UnreadContent.None)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nx\r\n--b--\r\n", UnreadContent.None)]
    public void Form_OnlyDeclared_IsSaidToBeUnread(string body, UnreadContent expected)
    {
        var request = Body.Read(Form, Encoding.Latin1.GetBytes(body));
        Assert.Equal(expected, request.Unread);
        Assert.Equal(BodyError.None, request.BodyError);
    }

    [Theory]
    [InlineData("application/toml", "q=\"\\U00000065vilmarker\"", UnreadContent.Text)]
    [InlineData("text/plain", "q=\\x65vilmarker", UnreadContent.Text)]
    [InlineData("text/plain", "q=&#x65;vilmarker", UnreadContent.Text)]
    [InlineData("application/yaml", "q: !!binary ZXZpbG1hcmtlcg==", UnreadContent.Text)]
    [InlineData("text/plain", "a &lt;b", UnreadContent.Text)]
    [InlineData("text/plain", "q=%65vilmarker", UnreadContent.None)]
    [InlineData("text/plain", "binary", UnreadContent.None)]
    [InlineData("text/plain", "AT&T; hello!", UnreadContent.None)]
    public void OneLine_OfAnotherLanguage_IsSaidToBeUnread(string type, string body, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read(type, body).Unread);
}
