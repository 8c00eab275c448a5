namespace WafOperator.Engine.Tests.Profiles;

public sealed class VariableTests
{
    [Theory]
    [InlineData("ARGS", "value", true)]
    [InlineData("ARGS:NAME", "value", true)]
    [InlineData("ARGS:other", "value", false)]
    [InlineData("ARGS:/^na/", "value", true)]
    [InlineData("ARGS|!ARGS:name", "value", false)]
    [InlineData("ARGS|!ARGS:/^n/", "value", false)]
    [InlineData("ARGS_GET", "value", true)]
    [InlineData("ARGS_POST", "value", false)]
    [InlineData("ARGS_NAMES", "^name$", true)]
    [InlineData("ARGS_GET_NAMES", "^name$", true)]
    [InlineData("REQUEST_HEADERS:X-Test", "header", true)]
    [InlineData("REQUEST_HEADERS_NAMES", "^X-Test$", true)]
    [InlineData("REQUEST_COOKIES:sid", "^42$", true)]
    [InlineData("REQUEST_COOKIES_NAMES", "^sid$", true)]
    [InlineData("REQUEST_METHOD", "^GET$", true)]
    [InlineData("REQUEST_PROTOCOL", "^HTTP/1.1$", true)]
    [InlineData("REQUEST_LINE", "^GET /a/b.php\\?", true)]
    [InlineData("REQUEST_URI", "^/a/b.php\\?name=value", true)]
    [InlineData("REQUEST_URI_RAW", "^/a/b.php\\?name=val%75e", true)]
    [InlineData("REQUEST_FILENAME", "^/a/b.php$", true)]
    [InlineData("REQUEST_BASENAME", "^b.php$", true)]
    [InlineData("QUERY_STRING", "^name=val%75e", true)]
    [InlineData("REMOTE_ADDR", "^192.0.2.1$", true)]
    [InlineData("REMOTE_PORT", "^5555$", true)]
    [InlineData("SERVER_ADDR", "^127.0.0.1$", true)]
    [InlineData("SERVER_PORT", "^8080$", true)]
    [InlineData("SERVER_NAME", "^example.com$", true)]
    [InlineData("REMOTE_USER", "^Aladdin$", true)]
    [InlineData("AUTH_TYPE", "^Basic$", true)]
    [InlineData("UNIQUE_ID", "^0{30}2a$", true)]
    [InlineData("ARGS_COMBINED_SIZE", "^10$", true)]
    [InlineData("TIME_YEAR", "^20[0-9][0-9]$", true)]
    [InlineData("TIME", "^[0-9:]{8}$", true)]
    [InlineData("DURATION", "^[0-9]+$", true)]
    [InlineData("REQUEST_BODY", "^$", true)]
    [InlineData("HIGHEST_SEVERITY", "^255$", true)]
    [InlineData("WEBAPPID", "^default$", true)]
    [InlineData("FULL_REQUEST", "^GET /a.*\\r\\nX-Test: header", true)]
    public void Rule_OnVariable_SeesItsValue(string variable, string pattern, bool matches) =>
        new Profile($"SecRule {variable} \"@rx {pattern}\" \"id:1,phase:2,pass\"")
        {
            Uri = "/a/b.php?name=val%75e&x=",
            Headers =
            [
                ("Host", "example.com:8080"), ("X-Test", "header"), ("Cookie", "sid=42"),
                ("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ],
            Triggered = matches ? [1] : [],
            NotTriggered = matches ? [] : [1],
        }.Check();

    [Fact]
    public void Rule_OnCounts_ComparesTheirNumber() => new Profile("""
        SecRule &ARGS "@eq 2" "id:1,phase:2,pass"
        SecRule &ARGS:a "@eq 1" "id:2,phase:2,pass"
        SecRule &ARGS:c "@eq 0" "id:3,phase:2,pass"
        SecRule &ARGS|!ARGS:a "@eq 1" "id:4,phase:2,pass"
        SecRule &REQUEST_HEADERS:Host "!@eq 1" "id:5,phase:2,pass"
        SecRule &TX:unset "@gt 0" "id:6,phase:2,pass"
        """)
    {
        Uri = "/?a=1&b=2", Triggered = [1, 2, 3, 4], NotTriggered = [5, 6],
    }.Check();

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "a=attack", "ARGS_POST:a")]
    [InlineData("application/json", "{\"a\":\"attack\"}", "ARGS:json.a")]
    [InlineData("text/xml", "<r><a>attack</a></r>", "XML:/*")]
    [InlineData("text/xml", "<r a=\"attack\"/>", "XML://@*")]
    [InlineData("text/plain", "attack", "REQUEST_BODY")]
    public void Rule_OnBody_SeesItsParts(string type, string body, string variable) =>
        new Profile($"SecRule {variable} \"@streq attack\" \"id:1,phase:2,pass\"\nSecRule {variable} \"@rx attack\" "
            + $"\"id:2,phase:1,pass\"")
        {
            Method = "POST", Headers = [("Content-Type", type)], Body = body, Triggered = [1], NotTriggered = [2],
        }.Check();

    [Fact]
    public void Rule_OnMultipart_SeesFieldsFilesAndFlags() => new Profile("""
        SecRule ARGS:field "@streq text" "id:1,phase:2,pass"
        SecRule FILES:upload "@streq shell.php" "id:2,phase:2,pass"
        SecRule FILES_NAMES "@streq upload" "id:3,phase:2,pass"
        SecRule FILES_SIZES "@eq 5" "id:4,phase:2,pass"
        SecRule FILES_COMBINED_SIZE "@eq 5" "id:5,phase:2,pass"
        SecRule MULTIPART_PART_HEADERS:upload "@rx ^Content-Type:.*php" "id:6,phase:2,pass"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:7,phase:2,pass"
        SecRule FILES_TMP_CONTENT "@contains <?php" "id:8,phase:2,pass"
        SecRule REQBODY_PROCESSOR "@streq MULTIPART" "id:9,phase:2,pass"
        """)
    {
        Method = "POST",
        Headers = [("Content-Type", "multipart/form-data; boundary=b")],
        Body = "--b\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\ntext\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"shell.php\"\r\n"
            + "Content-Type: application/x-php\r\n\r\n<?php\r\n--b--\r\n",
        Triggered = [1, 2, 3, 4, 5, 6, 8, 9],
        NotTriggered = [7],
    }.Check();

    [Fact]
    public void Rule_OnBrokenBody_SeesTheError() => new Profile("""
        SecRule REQBODY_ERROR "!@eq 0" "id:1,phase:2,pass"
        SecRule REQUEST_BODY "@contains broken" "id:2,phase:2,pass"
        """)
    {
        Method = "POST", Headers = [("Content-Type", "application/json")], Body = "{\"broken\":", Triggered = [1, 2],
    }.Check();

    [Fact]
    public void Rule_OnResponse_SeesStatusHeadersAndBody() => new Profile("""
        SecRule RESPONSE_STATUS "@streq 500" "id:1,phase:3,pass"
        SecRule RESPONSE_HEADERS:X-Powered-By "@contains PHP" "id:2,phase:3,pass"
        SecRule RESPONSE_CONTENT_TYPE "@beginsWith text/html" "id:3,phase:3,pass"
        SecRule RESPONSE_BODY "@contains ORA-" "id:4,phase:4,pass"
        SecRule RESPONSE_BODY "@contains ORA-" "id:5,phase:3,pass"
        SecRule RESPONSE_STATUS "@streq 500" "id:6,phase:2,pass"
        """)
    {
        ResponseStatus = 500,
        ResponseHeaders = [("X-Powered-By", "PHP/8"), ("Content-Type", "text/html; charset=utf-8")],
        ResponseBody = "ORA-00933",
        Triggered = [1, 2, 3, 4],
        NotTriggered = [5, 6],
    }.Check();

    [Fact]
    public void MatchedVariables_InAChain_AreThoseOfTheLinksBefore() => new Profile("""
        SecRule ARGS "@rx a" "id:1,phase:2,pass,chain"
          SecRule MATCHED_VARS "@streq cat" "chain"
          SecRule MATCHED_VARS_NAMES "@streq ARGS:y"
        SecRule ARGS "@rx a" "id:2,phase:2,pass,chain"
          SecRule MATCHED_VARS "@streq dog"
        SecRule ARGS "@rx cat" "id:3,phase:2,pass,setvar:'tx.text=%{MATCHED_VAR_NAME} is %{MATCHED_VAR}'"
        """)
    {
        Uri = "/?x=bat&y=cat&z=dog", Triggered = [1, 3], NotTriggered = [2],
    }.Check();
}
