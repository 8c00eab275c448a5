using System.Text;

namespace WafOperator.Http.Tests;

public sealed class CanonicalResponseTests
{
    [Fact]
    public void Feed_Response_IsKept()
    {
        var response = new CanonicalResponse();
        response.Begin(404, "HTTP/1.1"u8);
        response.AddHeader("X-A", "é");
        response.AddHeader("Content-Type"u8, " text/html ; charset=utf-8"u8);
        response.AppendBody("<p>"u8);
        response.AppendBody("x"u8);
        Assert.Equal(404, response.Status);
        Assert.Equal("text/html", Text(response, response.MediaType));
        Assert.Equal("text/html ; charset=utf-8", Text(response, response.ContentType));
        Assert.Equal("<p>x", Text(response, response.Body));
        Assert.Equal("x-a", Text(response, response.Headers[0].LowerName));
        response.Reset();
        Assert.Equal(0, response.Headers.Length);
        Assert.True(response.Body.IsEmpty);
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(9, true)]
    public void AppendBody_ResponseBodyBytes_AreLimited(int bytes, bool isExceeded)
    {
        var response = new CanonicalResponse(new HttpLimits { ResponseBodyBytesMax = 8 });
        response.Begin(200, "HTTP/1.1"u8);
        foreach (var _ in Enumerable.Range(0, bytes)) response.AppendBody("a"u8);
        Assert.Equal(isExceeded, response.Exceeded.HasFlag(ExceededLimits.ResponseBodyBytes));
        Assert.Equal(8, response.Body.Length);
        Assert.Equal(bytes, response.BodyBytesSeen);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void AddHeader_Headers_AreLimited(int headers, bool isExceeded)
    {
        var response = new CanonicalResponse(new HttpLimits { HeadersMax = 2 });
        for (var i = 0; i < headers; i++) response.AddHeader("a"u8, "b"u8);
        Assert.Equal(isExceeded, response.Exceeded.HasFlag(ExceededLimits.Headers));
    }

    private static string Text(CanonicalResponse response, Slice slice) => Encoding.Latin1.GetString(response[slice]);
}
