using System.Text;

namespace WafOperator.Http.Tests;

public sealed class BatchHeaderTests
{
    [Fact]
    public void HeadersOfRequestsInABatch_AreArguments()
    {
        var body = "--b\r\nContent-Type: application/http\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n"
            + "X-Filter: 1' UNION SELECT 1\r\n\r\n\r\n--b--\r\n";
        var request = Body.Read("multipart/mixed; boundary=b", Encoding.ASCII.GetBytes(body));
        Assert.Equal("http.target=/a|http.header.X-Filter=1' UNION SELECT 1", CanonicalRequestTests.Arguments(request));
    }

    /// <summary>A word in place of a method or version may be anything.</summary>
    [Theory]
    [InlineData("GET /a HTTP/1.1", "http.target=/a")]
    [InlineData("VERSION-CONTROL /a HTTP/2", "http.method=VERSION-CONTROL|http.target=/a")]
    [InlineData("evilmarkerGET /a HTTP/1.0", "http.method=evilmarkerGET|http.target=/a")]
    [InlineData("GET /a HTTP/1.1evilmarker", "http.target=/a HTTP/1.1evilmarker")]
    [InlineData("GET /a HTTP/evilmarker", "http.target=/a HTTP/evilmarker")]
    [InlineData("GET /a HTTP/1.1 HTTP/1.1", "http.target=/a HTTP/1.1")]
    public void WordsOfARequestLineInABatch_AreShownUnlessTheyAreKnown(string line, string expected)
    {
        var body = $"--b\r\nContent-Type: application/http\r\n\r\n{line}\r\nHost: h\r\n\r\n\r\n--b--\r\n";
        var request = Body.Read("multipart/mixed; boundary=b", Encoding.ASCII.GetBytes(body));
        Assert.Equal(expected, CanonicalRequestTests.Arguments(request));
    }
}
