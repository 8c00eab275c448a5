using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>Escapes that programs undo after the request was read are undone for inspection as well.</summary>
public sealed class EmbeddedTextTests
{
    [Theory]
    [InlineData("/?q={\"a\":\"\\u0027%20or%201\"}", "", "", "{\"a\":\"' or 1\"}")]
    [InlineData("/", "application/x-www-form-urlencoded", "q=%5B%22%5Cu003cscript%3E%22%5D", "[\"<script>\"]")]
    [InlineData("/", "application/json", """{"q":"{\"a\":\"\\u0027 or 1\"}"}""", """{"a":"' or 1"}""")]
    [InlineData("/", "application/json", """{"q":"{\"a\":\"{\\\"b\\\":\\\"\\\\u0041\\\"}\"}"}""",
        """{"a":"{"b":"A"}"}""")]
    [InlineData("/", "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n{\"a\":\"\\u003c\"}\r\n--b--\r\n", "{\"a\":\"<\"}")]
    [InlineData("/?q=%20[\"\\u0041\"]", "", "", " [\"A\"]")]
    [InlineData("/?q=x,%5Cu0027%20or%201", "", "", "x,' or 1")]
    [InlineData("/?{\"a\":\"\\u0027%20or%201\"}", "", "", "{\"a\":\"' or 1\"}")]
    [InlineData("/graphql?query=query%7Buser(name:%22%5Cu0027%20or%201%22)%7Bid%7D%7D", "", "", "' or 1")]
    [InlineData("/graphql?query=%7Buser(name:%22%27%20or%201%22)%7Bid%7D%7D", "", "", "' or 1")]
    [InlineData("/", "application/x-www-form-urlencoded", "query=mutation%7Ba(b:%22%5C%22x%22)%7D", "\"x")]
    public void Json_InAValue_IsShownWithoutItsEscapesToo(string target, string type, string body, string expected)
    {
        var request = Read(target, type, body);

        var values = new List<string>();
        foreach (var argument in request.Arguments) values.Add(Encoding.UTF8.GetString(request[argument.Value]));
        Assert.Contains(expected, values);
        Assert.False(request.Anomalies.HasFlag(Anomalies.DuplicateArgument));
    }

    [Theory]
    [InlineData("/?q={\"a\":\"tea\"}")]
    [InlineData("/?q=C:\\tea\\users")]
    [InlineData("/?query=select a query{")]
    [InlineData("/?q={\"a\":\"C:\\Windows\"}")]
    [InlineData("/?q=\"")]
    public void OtherText_IsShownOnce(string target) => Assert.Equal(1, Read(target, "", "").Arguments.Length);

    [Theory]
    [InlineData("a=\"x;\\047\\040\\165nion\"", "x;' union")]
    [InlineData("b=1; a=\"x; y=2; \\\"z\\\" <script>\"; c=3", "x; y=2; \"z\" <script>")]
    [InlineData("p=j:{\"q\":\"\\u0027 or 1\"}", "j:{\"q\":\"' or 1\"}")]
    [InlineData("p=s%3Aj%3A%7B%22q%22%3A%22%5C%2F%22%7D.sig", "s:j:{\"q\":\"/\"}.sig")]
    [InlineData("p=%7B%22q%22%3A%22%5Cu0027%22%7D", "{\"q\":\"'\"}")]
    public void Cookie_ThatProgramsReadOtherwise_IsShownSoToo(string header, string expected)
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), ("Cookie", header)]);

        var values = new List<string>();
        foreach (var cookie in request.Cookies) values.Add(Encoding.UTF8.GetString(request[cookie.Value]));
        Assert.Contains(expected, values);
    }

    [Fact]
    public void Cookies_WithManyOpenQuotes_AreReadInProportion()
    {
        var request = new CanonicalRequest();
        var header = string.Concat(Enumerable.Repeat("a=\"\\\\;", 400));
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), ("Cookie", header)]);
        Assert.False(request.MustReject);
        var shown = 0;
        foreach (var cookie in request.Cookies) shown += cookie.Value.Length;
        Assert.InRange(shown, header.Length / 2, header.Length * 3);
    }

    [Theory]
    [InlineData("\"\\047 or 1\"", "' or 1")]
    [InlineData("\"a\\\"b\\\\c\"", "a\"b\\c")]
    [InlineData("\"\\9\\08\\400\"", "908400")]
    public void Cookie_Quoted_IsShownAsReadersUndoIt(string value, string expected)
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), ("Cookie", $"a=1; q={value}; b=2")]);

        var values = new List<string>();
        foreach (var cookie in request.Cookies) values.Add(Encoding.UTF8.GetString(request[cookie.Value]));
        Assert.Equal(["1", value, expected, "2"], values);
    }

    [Fact]
    public void ValuesShownAgain_DoNotUseUpTheArguments()
    {
        var limits = new HttpLimits { ArgumentsMax = 1_000, JsonLeavesMax = 1_000 };
        var records = string.Join(",", Enumerable.Repeat("\"{\\\"a\\\":\\\"\\\\u0041\\\"}\"", 700));
        var request = Body.Read("application/json", $"[{records}]", limits);
        Assert.False(request.MustReject);
        Assert.Equal(1_400, request.Arguments.Length);

        var deeper = string.Join(",", Enumerable.Repeat("\"{\\\\\\\\\\\\\\u0041}\"", 1_000));
        Assert.InRange(Body.Read("application/json", $"[{deeper}]", limits).Arguments.Length, 1_000, 4_000);
    }

    private static CanonicalRequest Read(string target, string type, string body)
    {
        var request = new CanonicalRequest();
        (string, string)[] headers = type.Length == 0 ? [("Host", "h")] : [("Host", "h"), ("Content-Type", type)];
        CanonicalRequestTests.Feed(request, body.Length == 0 ? "GET" : "POST", target, headers);
        if (body.Length > 0) request.AppendBody(Encoding.Latin1.GetBytes(body));
        request.EndBody();
        return request;
    }
}
