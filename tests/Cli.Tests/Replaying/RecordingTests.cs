using System.Text;
using WafOperator.Recordings;

namespace WafOperator.Cli.Tests.Replaying;

public sealed class RecordingTests
{
    private static (List<RecordedRequest> Requests, RecordingProblems Problems) Read(string text)
    {
        var problems = new RecordingProblems();
        return ([.. Recording.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), problems)], problems);
    }

    [Theory]
    [InlineData("""
        192.0.2.1 - - [01/Jun/2026:00:00:00 +0000] "GET /a?q=1 HTTP/1.1" 200 5 "-" "curl/8"
        """, "GET", "/a?q=1", "192.0.2.1")]
    [InlineData("""
        2001:db8::1 - bob [01/Jun/2026:00:00:00 +0000] "POST /a HTTP/2.0" 403 0
        """, "POST", "/a", "2001:db8::1")]
    [InlineData("""
        192.0.2.1 - - [01/Jun/2026:00:00:00 +0000] "GET /a?q=\x22x\x22 HTTP/1.1" 200 5 "r" "a\"b"
        """, "GET", "/a?q=\"x\"", "192.0.2.1")]
    [InlineData("""
        192.0.2.1 - - [01/Jun/2026:00:00:00 +0000] "GET /a b c HTTP/1.1" 200 5 "-" "-"
        """, "GET", "/a%20b%20c", "192.0.2.1")]
    [InlineData("""
        192.0.2.1 - - [01/Jun/2026:00:00:00 +0000] "GET /\xE2\x82\xAC?a=\xC0\xAF HTTP/1.1" 200 5 "-" "-"
        """, "GET", "/€?a=%C0%AF", "192.0.2.1")]
    public void LinesOfAccessLogs_AreRequests(string line, string method, string target, string client)
    {
        var (requests, problems) = Read(line);
        Assert.Equal(0, problems.Count);
        var request = Assert.Single(requests);
        Assert.Equal((method, target, client), (request.Method, request.Target, request.Client));
    }

    [Fact]
    public void LinesInCombinedFormat_HaveRefererAndUserAgent()
    {
        var (requests, _) = Read("""
            192.0.2.1 - - [01/Jun/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "https://a/" "Mozilla/5.0 \"x\""
            """);
        Assert.Equal(
            [("Referer", "https://a/"), ("User-Agent", "Mozilla/5.0 \"x\"")], requests.Single().Headers);
    }

    [Fact]
    public void AHarFileOfOneLongLine_IsRead()
    {
        var long1 = new string('a', Recording.LineLengthMax + 10);
        var (requests, problems) = Read(
            $$$"""{"log":{"entries":[{"request":{"url":"https://a.example/?q={{{long1}}}"}}]} }""");
        Assert.Equal(0, problems.Count);
        Assert.Equal(long1.Length + 4, Assert.Single(requests).Target.Length);
    }

    [Theory]
    [InlineData("{\"log\":\n{}}")]
    [InlineData("{\n\"a\": 1}")]
    [InlineData("{broken")]
    public void JsonThatIsNoRecording_IsSaid(string text) =>
        Assert.Throws<RecordingException>(() => Read(text));

    /// <summary>Texts that are no Unicode, numbers and nothing for texts: a line less, and no more.</summary>
    [Theory]
    [InlineData("""{"uri":"\ud800"}""")]
    [InlineData("""{"uri":7}""")]
    [InlineData("""{"uri":null}""")]
    [InlineData("""[1]""")]
    public void OddLines_AreLeftOut(string line)
    {
        var (requests, problems) = Read($$$"""
            {"uri":"/a"}
            {{{line}}}
            {"uri":"/b","headers":{"a":[null,"\ud800",1]}}
            """);
        Assert.Equal(["/a", "/b"], requests.Select(request => request.Target));
        Assert.Equal(1, problems.Count);
    }

    [Fact]
    public void JsonLines_HaveBodiesAndLabels()
    {
        var (requests, _) = Read("""
            {"method":"POST","uri":"/a","headers":{"Accept":"*/*","Content-Length":"9"},"body":"x=1","label":1}
            {"uri":"https://shop.example/b?c#d","label":0}
            """);
        Assert.Equal(["/a", "/b?c"], requests.Select(request => request.Target));
        Assert.Equal([true, false], requests.Select(request => request.IsAttack!.Value));
        Assert.Equal("x=1", Encoding.UTF8.GetString(requests[0].Body.Span));
        // Framing is made anew.
        Assert.Equal(["Accept"], requests[0].Headers.Select(header => header.Name));
    }

    [Fact]
    public void HarFiles_AreReadWhole()
    {
        var (requests, _) = Read("""
            {
              "log": {"entries": [
                {"request": {"method": "POST", "url": "https://shop.example/x%2e%2e/y?a=b",
                  "headers": [{"name": ":authority", "value": "shop.example"}, {"name": "Cookie", "value": "a=1"}],
                  "postData": {"text": "q=1"}}},
                {"request": {"method": "GET", "url": "https://shop.example"}}
              ]}
            }
            """);
        Assert.Equal(["/x%2e%2e/y?a=b", "/"], requests.Select(request => request.Target));
        Assert.Equal(["Cookie", "Host"], requests[0].Headers.Select(header => header.Name));
        Assert.Equal("q=1", Encoding.UTF8.GetString(requests[0].Body.Span));
    }

    [Fact]
    public void WhatCannotBeRead_IsCountedWithItsLine()
    {
        var (requests, problems) = Read("nonsense\n{\"a\":1}\n{\"uri\":\"/a\"}\n{broken\n");
        Assert.Single(requests);
        Assert.Equal(3, problems.Count);
        Assert.StartsWith("1: ", problems.Kept[0], StringComparison.Ordinal);
    }

    /// <summary>A recorded value must not become a second request.</summary>
    [Fact]
    public void ValuesWithLineBreaks_StayOnTheirLine()
    {
        var bytes = RequestBytes.Of(new RecordedRequest(1, "GET", "/a b\r\nX: y")
        {
            Headers = [("A", "1\r\nB: 2"), ("Host", "one"), ("Host", "two")],
        });
        Assert.Equal("GET /a%20b%20%20X:%20y HTTP/1.1\r\nA: 1  B: 2\r\nHost: one\r\n\r\n",
            Encoding.UTF8.GetString(bytes));
    }
}
