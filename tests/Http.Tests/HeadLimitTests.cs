namespace WafOperator.Http.Tests;

public sealed class HeadLimitTests
{
    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void AddHeader_Headers_AreLimited(int headers, bool isExceeded)
    {
        var request = new CanonicalRequest(new HttpLimits { HeadersMax = 2 });
        CanonicalRequestTests.Feed(request, "GET", "/", [.. Enumerable.Repeat(("a", "b"), headers)]);
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.Headers));
        Assert.Equal(2, request.Headers.Length);
    }

    [Theory]
    [InlineData(40, false)]
    [InlineData(41, true)]
    public void AddHeader_HeaderBytes_AreLimited(int valueLength, bool isExceeded)
    {
        var request = new CanonicalRequest(new HttpLimits { HeaderBytesMax = 14 + 45 });
        CanonicalRequestTests.Feed(request, "GET", "/", [("a", new string('x', valueLength))]);
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.HeaderBytes));
        Assert.Equal(isExceeded, request.MustReject);
    }

    [Fact]
    public void Begin_TargetBeyondHeaderBytes_IsCut()
    {
        var request = new CanonicalRequest(new HttpLimits { HeaderBytesMax = 100 });
        CanonicalRequestTests.Feed(request, "GET", "/" + new string('a', 500), []);
        Assert.True(request.MustReject);
        Assert.Equal(100, request.RequestLine.Length);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void EndHeaders_Cookies_AreLimited(int cookies, bool isExceeded)
    {
        var request = new CanonicalRequest(new HttpLimits { CookiesMax = 3 });
        CanonicalRequestTests.Feed(request, "GET", "/", [("Cookie", string.Join(';', Enumerable.Repeat("a=b",
            cookies)))]);
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.Cookies));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void EndHeaders_Arguments_AreLimited(int arguments, bool isExceeded)
    {
        var request = new CanonicalRequest(new HttpLimits { ArgumentsMax = 3 });
        CanonicalRequestTests.Feed(request, "GET", "/?" + string.Join('&', Enumerable.Repeat("a=b", arguments)), []);
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.Arguments));
        Assert.Equal(3, request.Arguments.Length);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void EndHeaders_ArgumentBytes_AreCut(int length, bool isExceeded)
    {
        var request = new CanonicalRequest(new HttpLimits { ArgumentBytesMax = 5 });
        CanonicalRequestTests.Feed(request, "GET", "/?a=" + new string('x', length), []);
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.ArgumentBytes));
        Assert.Equal(5, request.Arguments[0].Value.Length);
    }

    [Fact]
    public void AppendBody_ArenaFull_IsMemoryAndRejects()
    {
        var limits = new HttpLimits { HeaderBytesMax = 1000, BodyBytesMax = 200_000, ArgumentsMax = 100_000,
            JsonLeavesMax = 100_000 };
        var key = new string('k', 60_000);
        var json = $$"""{"{{key}}":[{{string.Join(",", Enumerable.Repeat("1", 60_000))}}]}""";
        var request = Body.Read("application/json", json, limits);
        Assert.True(request.Exceeded.HasFlag(ExceededLimits.Memory));
        Assert.True(request.MustReject);
    }

    [Theory]
    [InlineData("/?a=%2541", Anomalies.MultipleEncoding)]
    [InlineData("/%252e", Anomalies.MultipleEncoding)]
    [InlineData("/?a=%zz", Anomalies.MalformedPercent)]
    [InlineData("/?a=%u0041", Anomalies.UnicodePercent)]
    [InlineData("/?a=%00", Anomalies.NulByte)]
    [InlineData("/a%00", Anomalies.NulByte)]
    [InlineData("/?a=%c0%af", Anomalies.OverlongUtf8)]
    [InlineData("/%c0%ae%c0%ae/", Anomalies.OverlongUtf8)]
    [InlineData("/?a=%ff", Anomalies.InvalidUtf8)]
    [InlineData("/../x", Anomalies.PathTraversal)]
    [InlineData("/a%2f..%2fx", Anomalies.EncodedPathSeparator)]
    [InlineData("/?a=1&a=2", Anomalies.DuplicateArgument)]
    [InlineData("http://h/", Anomalies.AbsoluteTarget)]
    public void EndHeaders_OddTarget_IsNoted(string target, Anomalies anomaly) =>
        Assert.True(CanonicalRequestTests.Get(target, ("Host", "h")).Anomalies.HasFlag(anomaly));

    [Theory]
    [InlineData("Content-Length", "1, 2", Anomalies.BadContentLength)]
    [InlineData("Content-Length", "+1", Anomalies.BadContentLength)]
    [InlineData("Transfer-Encoding", "identity", Anomalies.BadTransferEncoding)]
    [InlineData("Transfer-Encoding", "chunked, chunked", Anomalies.BadTransferEncoding)]
    [InlineData("Bad Name", "x", Anomalies.MalformedHeader)]
    [InlineData("A", "x\rB: y", Anomalies.MalformedHeader)]
    [InlineData("Host", "two", Anomalies.BadHost)]
    public void EndHeaders_OddHeader_IsNoted(string name, string value, Anomalies anomaly) =>
        Assert.True(CanonicalRequestTests.Get("/", ("Host", "h"), (name, value)).Anomalies.HasFlag(anomaly));

    [Fact]
    public void EndHeaders_LengthAndCoding_IsNoted() =>
        Assert.Equal(
            Anomalies.LengthAndTransferEncoding,
            CanonicalRequestTests.Get("/", ("Host", "h"), ("Content-Length", "3"), ("Transfer-Encoding",
                "chunked")).Anomalies);

    [Fact]
    public void EndHeaders_OrdinaryRequest_HasNoAnomaly() =>
        Assert.Equal(
            Anomalies.None,
            CanonicalRequestTests.Get("/a/b.html?x=1&y=caf%C3%A9", ("Host", "h"), ("Content-Length", "3")).Anomalies);
}
