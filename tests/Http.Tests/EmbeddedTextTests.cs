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
    [InlineData("/?q=C:\\tea\\u0041")]
    [InlineData("/?q={\"a\":\"C:\\Windows\"}")]
    [InlineData("/?q=\"")]
    public void OtherText_IsShownOnce(string target) => Assert.Equal(1, Read(target, "", "").Arguments.Length);

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
