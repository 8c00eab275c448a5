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
}
